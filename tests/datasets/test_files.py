import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from mtkd.datasets import BadData
from mtkd.datasets.files import class_ids, read_grey, read_image, read_list, read_mat, read_npy


def test_image_is_rgb_from_any_mode(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), rgb[..., ::-1])
    assert np.array_equal(read_image(tmp_path / 'a.png'), rgb)
    Image.fromarray(rgb[..., 0]).save(tmp_path / 'grey.png')
    assert np.array_equal(read_image(tmp_path / 'grey.png'), rgb[..., :1].repeat(3, -1))


def test_grey_keeps_palette_indices_and_16_bits(tmp_path):
    ids = np.arange(12, dtype=np.uint8).reshape(3, 4)
    palette = Image.fromarray(ids)
    palette.putpalette([255 - i for i in range(256) for _ in range(3)])
    palette.save(tmp_path / 'p.png')
    assert np.array_equal(read_grey(tmp_path / 'p.png'), ids)
    cv2.imwrite(str(tmp_path / 'w.png'), ids.astype(np.uint16) * 100)
    assert np.array_equal(read_grey(tmp_path / 'w.png'), ids.astype(np.int64) * 100)
    cv2.imwrite(str(tmp_path / 'c.png'), np.zeros((3, 4, 3), np.uint8))
    with pytest.raises(BadData, match='3 channels'):
        read_grey(tmp_path / 'c.png')


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_broken_pictures_are_named(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3)).astype(np.uint8)
    whole = cv2.imencode(suffix, noise)[1].tobytes()
    path = tmp_path / f'x{suffix}'
    for content in (b'', b'hello', whole[:len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(BadData) as error:
            read_image(path)
        assert str(path) in str(error.value) and 'replace the file' in str(error.value)


def test_npy(tmp_path):
    np.save(tmp_path / 'a.npy', np.eye(3))
    assert np.array_equal(read_npy(tmp_path / 'a.npy'), np.eye(3))
    np.save(tmp_path / 'pickle.npy', np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / 'cut.npy').write_bytes((tmp_path / 'a.npy').read_bytes()[:-8])
    (tmp_path / 'empty.npy').touch()
    for name in ('pickle', 'cut', 'empty'):
        with pytest.raises(BadData, match=rf'{name}\.npy'):
            read_npy(tmp_path / f'{name}.npy')


def test_mat(tmp_path):
    savemat(tmp_path / 'a.mat', {'depth': np.eye(3)})
    assert np.array_equal(read_mat(tmp_path / 'a.mat', 'depth'), np.eye(3))
    with pytest.raises(BadData, match=r"no variable 'x' \(it has depth\)"):
        read_mat(tmp_path / 'a.mat', 'x')
    (tmp_path / 'b.mat').write_bytes(b'MATLAB 7.3 MAT-file' + b'\0' * 300)
    with pytest.raises(BadData, match='-v7'):
        read_mat(tmp_path / 'b.mat', 'x')


def test_list(tmp_path):
    (tmp_path / 'a.txt').write_text('1\n2\n\n')
    assert read_list(tmp_path / 'a.txt') == ['1', '2']
    (tmp_path / 'b.txt').write_text('1\n2\n1\n')
    with pytest.raises(BadData, match="lists '1' more than once"):
        read_list(tmp_path / 'b.txt')
    with pytest.raises(BadData, match=r'c\.txt is missing: data_root'):
        read_list(tmp_path / 'c.txt')


def test_class_ids(tmp_path):
    assert class_ids(np.array([[1.0, 2.0]]), tmp_path).tolist() == [[1, 2]]
    for wrong in ([[0.5]], [[-1]], [[256]], [[np.nan]], [1, 2]):
        with pytest.raises(BadData):
            class_ids(np.array(wrong), tmp_path)
