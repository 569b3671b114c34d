"""Label files of every format and encoding become the same arrays."""

import importlib.util

import cv2
import numpy as np
import pytest
import scipy.io

from mtkd.datasets import BadData
from mtkd.datasets.dense.label_files import read_array, read_label

DEPTH = np.linspace(0.5, 9.5, 20, dtype=np.float32).reshape(4, 5)


@pytest.mark.parametrize('suffix', ['.npy', '.npz', '.mat', '.tif', '.exr'])
def test_float_depth_of_every_format(tmp_path, suffix):
    path = tmp_path / f'depth{suffix}'
    if suffix == '.npy':
        np.save(path, DEPTH)
    elif suffix == '.npz':
        np.savez(path, depth=DEPTH, other=DEPTH + 1)
    elif suffix == '.mat':
        scipy.io.savemat(path, {'depth': DEPTH, 'other': DEPTH + 1})
    elif suffix == '.tif':
        cv2.imwrite(str(path), DEPTH)
    else:
        pytest.importorskip('OpenEXR', reason='the package OpenEXR is not installed')
        import OpenEXR
        header = {'compression': OpenEXR.ZIP_COMPRESSION, 'type': OpenEXR.scanlineimage}
        with OpenEXR.File(header, {'depth': DEPTH, 'other': DEPTH + 1}) as file:
            file.write(str(path))
    several = suffix in ('.npz', '.mat', '.exr')
    rules = {'key': 'depth'} if several else {}
    np.testing.assert_array_equal(read_label(path, 'depth', rules), DEPTH)
    if several:
        with pytest.raises(BadData, match='say which with key'):
            read_label(path, 'depth', {})
        with pytest.raises(BadData, match="no variable 'dpth'"):
            read_label(path, 'depth', {'key': 'dpth'})


def test_depth_in_whole_numbers_needs_a_scale(tmp_path):
    path = tmp_path / 'd.png'
    cv2.imwrite(str(path), np.array([[0, 1000], [65535, 4999]], np.uint16))
    with pytest.raises(BadData, match=r'stores depth as uint16: say how many metres one unit is, scale=0.001'):
        read_label(path, 'depth', {})
    depth = read_label(path, 'depth', {'scale': 0.001, 'invalid': 65535})
    np.testing.assert_allclose(depth, [[0, 1], [0, 4.999]], rtol=1e-6)
    inverse = read_label(path, 'depth', {'scale': 0.001, 'inverse': True})
    np.testing.assert_allclose(inverse, [[0, 1], [1 / 65.535, 1 / 4.999]], rtol=1e-6)


def test_normals_in_every_encoding(tmp_path):
    vectors = np.zeros((2, 2, 3), np.float32)
    vectors[0, 0], vectors[0, 1], vectors[1, 0] = (0, 0, 1), (0.6, 0, 0.8), (0, -1, 0)  # the last one stays invalid
    valid = (vectors != 0).any(2, keepdims=True)
    np.save(tmp_path / 'unit.npy', vectors)
    np.save(tmp_path / 'half.npy', np.where(valid, (vectors + 1) / 2, 0))
    eight = np.where(valid, np.rint((vectors + 1) * 127.5), 0).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'eight.png'), eight[..., ::-1])
    np.testing.assert_allclose(read_label(tmp_path / 'unit.npy', 'normals', {}), vectors, atol=1e-6)
    np.testing.assert_allclose(read_label(tmp_path / 'half.npy', 'normals', {'encoding': '0..1'}), vectors, atol=1e-6)
    np.testing.assert_allclose(read_label(tmp_path / 'eight.png', 'normals', {}), vectors, atol=0.01)
    with pytest.raises(BadData, match=r"components up to 255 with encoding='unit'"):
        read_label(tmp_path / 'eight.png', 'normals', {'encoding': 'unit'})
    turned = read_label(tmp_path / 'unit.npy', 'normals', {'axes': 'x-zy'})
    np.testing.assert_allclose(turned[0, 1], (0.6, -0.8, 0), atol=1e-6)


def test_channels_first_normals_are_turned(tmp_path):
    np.save(tmp_path / 'n.npy', np.stack([np.zeros((4, 5)), np.zeros((4, 5)), np.ones((4, 5))]).astype(np.float32))
    assert read_label(tmp_path / 'n.npy', 'normals', {}).shape == (4, 5, 3)
    np.save(tmp_path / 'two.npy', np.zeros((4, 5, 2), np.float32))
    with pytest.raises(BadData, match=r'normals are \(H, W, 3\)'):
        read_label(tmp_path / 'two.npy', 'normals', {})


def test_class_maps(tmp_path):
    path = tmp_path / 'ids.png'
    cv2.imwrite(str(path), np.array([[0, 7], [255, 21]], np.uint8))
    assert read_label(path, 'class_map', {}).tolist() == [[0, 7], [255, 21]]
    assert read_label(path, 'class_map', {'map': {0: None, 7: 0, 21: 1, 255: 255}}).tolist() == [[255, 0], [255, 1]]
    assert read_label(path, 'class_map', {'ignore': [0, 21]}).tolist() == [[255, 7], [255, 255]]
    cv2.imwrite(str(path), np.array([[24001, 26002]], np.uint16))
    with pytest.raises(BadData, match='holds the value 24001; class ids end at 254'):
        read_label(path, 'class_map', {})
    assert read_label(path, 'class_map', {'map': {24001: 0, 26002: 1}}).tolist() == [[0, 1]]


def test_palettes(tmp_path):
    path = tmp_path / 'colours.png'
    cv2.imwrite(str(path), np.array([[[0, 0, 255], [255, 0, 0]]], np.uint8))  # OpenCV writes BGR: red, blue
    assert read_label(path, 'class_map', {'palette': [(255, 0, 0), (0, 0, 255)]}).tolist() == [[0, 1]]
    assert read_label(path, 'class_map', {'palette': {'#ff0000': 4, '#0000ff': None}}).tolist() == [[4, 255]]
    with pytest.raises(BadData, match=r'holds the colour \(0, 0, 255\)'):
        read_label(path, 'class_map', {'palette': [(255, 0, 0)]})


def test_binary_maps(tmp_path):
    path = tmp_path / 'b.png'
    cv2.imwrite(str(path), np.array([[0, 255]], np.uint8))
    assert read_label(path, 'binary_map', {}).tolist() == [[0, 1]]
    cv2.imwrite(str(path), np.array([[10, 200]], np.uint8))
    with pytest.raises(BadData, match='holds 10; a binary map is 0 and 1'):
        read_label(path, 'binary_map', {})
    assert read_label(path, 'binary_map', {'threshold': 127}).tolist() == [[0, 1]]


@pytest.mark.parametrize('suffix', ['.npy', '.npz', '.mat', '.png', '.exr', '.xyz'])
def test_a_file_that_does_not_read_is_named(tmp_path, suffix):
    if suffix == '.exr' and importlib.util.find_spec('OpenEXR') is None:
        pytest.skip('the package OpenEXR is not installed')
    path = tmp_path / f'broken{suffix}'
    path.write_bytes(b'no such format')
    with pytest.raises(BadData, match=f'broken{suffix}'):
        read_array(path)
