import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from mtkd.datasets import BadData
from mtkd.datasets.files import class_ids, read_grey, read_list, read_mat, read_npy, stored_normals


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


def directions(height=20, width=30):
    vectors = np.random.default_rng(0).normal(size=(height, width, 3)).astype(np.float32)
    vectors[0, 0] = 0
    return vectors / np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), 1e-6)


def test_normals_are_unit_vectors_or_8_bit_colours(tmp_path):
    unit = directions()
    np.testing.assert_allclose(stored_normals(unit, tmp_path), unit, atol=1e-6)
    np.testing.assert_allclose(stored_normals(unit * np.float32(0.9), tmp_path), unit, atol=1e-6)  # blended normals
    colours = np.rint((unit + 1) * 127.5).astype(np.uint8)
    assert np.abs(stored_normals(colours, tmp_path)[1:] - unit[1:]).max() < 0.02
    facing = np.zeros((20, 30, 3))
    facing[..., 2] = 1  # a wall: no component is negative, and it is valid
    assert np.array_equal(stored_normals(facing, tmp_path), facing)


@pytest.mark.parametrize('stored, said', [
    (lambda n: (n + 1) / 2, 'colours of 0..1'), (lambda n: np.rint((n + 1) * 127.5), 'colours of 0..255'),
    (lambda n: n * 3, 'not unit vectors'), (lambda n: n[..., :2], 'normals are'), (lambda n: n * np.nan, 'NaN or infinite'),
    (lambda n: n.astype(np.int64), 'holds int64')])
def test_normals_that_are_something_else_are_refused(stored, said):
    with pytest.raises(BadData, match=r'n\.npy') as refused:
        stored_normals(stored(directions()), 'n.npy')
    assert said in str(refused.value)
