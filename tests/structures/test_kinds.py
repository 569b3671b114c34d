import pickle
import re

import cv2
import numpy as np
import pytest
import torch

from mtkd.structures import IGNORE, KINDS
from mtkd.structures.kinds import TargetKind

SIZE = (4, 6)


def label(name, size=SIZE):
    """A label of a kind, valid everywhere."""
    rng = np.random.default_rng(0)
    if name == 'class_map':
        return rng.integers(0, 40, size).astype(np.uint8)
    if name in ('binary_map', 'edge_map'):
        return rng.integers(0, 2, size).astype(np.uint8)
    if name == 'depth':
        return rng.uniform(0.5, 10, size).astype(np.float32)
    if name == 'normals':
        vectors = rng.normal(size=(*size, 3))
        return (vectors / np.linalg.norm(vectors, axis=2, keepdims=True)).astype(np.float32)
    return 5 if name == 'class_label' else 31.5


TENSOR = {'class_map': ((4, 6), torch.uint8), 'binary_map': ((4, 6), torch.uint8), 'edge_map': ((4, 6), torch.uint8),
          'depth': ((1, 4, 6), torch.float32),
          'normals': ((3, 4, 6), torch.float32), 'class_label': ((), torch.int64), 'scalar': ((), torch.float32)}
MAPS = [name for name, kind in KINDS.items() if kind.spatial]
ALL = pytest.mark.parametrize('name', TENSOR)


def test_the_kinds():
    assert set(KINDS) == set(TENSOR)
    assert MAPS == ['class_map', 'binary_map', 'edge_map', 'depth', 'normals']


@ALL
def test_tensor_form(name):
    tensor = KINDS[name].to_tensor(label(name))
    assert (tuple(tensor.shape), tensor.dtype) == TENSOR[name]


@ALL
def test_a_label_is_valid_and_an_empty_one_is_not(name):
    kind = KINDS[name]
    batch = torch.stack([kind.to_tensor(label(name)), kind.to_tensor(kind.empty(SIZE))])
    valid = kind.valid(batch)
    assert valid.dtype == torch.bool and valid.shape == ((2, *SIZE) if kind.spatial else (2,))
    assert valid[0].all() and not valid[1].any()
    assert kind.check(label(name), SIZE) is None and kind.check(kind.empty(SIZE), SIZE) is None


@ALL
def test_what_a_pad_adds_is_invalid(name):
    kind = KINDS[name]
    tensor = kind.to_tensor(label(name))[None]
    assert not kind.valid(torch.full_like(tensor, kind.pad_value)).any()


@ALL
def test_flipping_twice_changes_nothing(name):
    kind = KINDS[name]
    assert np.array_equal(kind.hflip(kind.hflip(label(name))), label(name))


@ALL
def test_pickling_keeps_the_object(name):
    assert pickle.loads(pickle.dumps(KINDS[name])) is KINDS[name]
    assert repr(KINDS[name]) == f"KINDS['{name}']"


def lines(height, width):
    """A straight, a slanted and a closed line, one pixel wide."""
    array = np.zeros((height, width), np.uint8)
    array[5, 3:-3] = 1
    rows = np.arange(10, height - 4)
    array[rows, 6 + (rows - 10) // 2] = 1
    box = np.zeros_like(array)
    box[12:25, 30:49] = 1
    box[13:24, 31:48] = 0
    return np.maximum(array, box)


def pieces(array):
    return cv2.connectedComponents((array == 1).astype(np.uint8), connectivity=8)[0] - 1


@pytest.mark.parametrize('size', [(20, 30), (27, 41), (13, 20), (20, 60), (40, 31)])
def test_edges_stay_lines_where_a_map_shrinks(size):
    whole = lines(40, 60)
    small, plain = KINDS['edge_map'].resize(whole, size), KINDS['binary_map'].resize(whole, size)
    assert small.shape == size and small.dtype == np.uint8 and set(np.unique(small)) == {0, 1}
    assert pieces(whole) == pieces(small) == 3
    if max(size[0] / 40, size[1] / 60) < 0.6:
        assert pieces(plain) != 3, 'nearest neighbours have no effect here, so this tests nothing'
        filled = (small[:-1, :-1] & small[1:, :-1] & small[:-1, 1:] & small[1:, 1:]) == 1
        assert not filled.any(), 'a line is two pixels wide'
    # every line pixel is within a pixel of where the line was
    near = cv2.dilate(cv2.resize(cv2.dilate(whole, np.ones((3, 3), np.uint8)), size[::-1], interpolation=cv2.INTER_AREA),
                      np.ones((3, 3), np.uint8))
    assert (near[small == 1] > 0).all()


def test_edges_keep_what_is_invalid_and_grow_as_other_maps():
    array = np.zeros((8, 8), np.uint8)
    array[:, :4], array[3, :] = IGNORE, 1
    small = KINDS['edge_map'].resize(array, (4, 4))
    assert small.tolist() == [[255, 255, 0, 0], [1, 1, 1, 1], [255, 255, 0, 0], [255, 255, 0, 0]]
    assert np.array_equal(KINDS['edge_map'].resize(array, (16, 16)), KINDS['binary_map'].resize(array, (16, 16)))
    assert not KINDS['edge_map'].resize(np.zeros((8, 8), np.uint8), (4, 4)).any()


@pytest.mark.parametrize('name', MAPS)
def test_resizing_makes_no_new_values(name):
    kind, array = KINDS[name], label(name)
    resized = kind.resize(array, (9, 5))
    assert resized.shape == (9, 5, *array.shape[2:]) and resized.dtype == array.dtype
    pixels = array.reshape(-1, *array.shape[2:])
    assert all((pixels == pixel).reshape(len(pixels), -1).all(1).any()
               for pixel in resized.reshape(-1, *array.shape[2:]))


@pytest.mark.parametrize('name', MAPS)
def test_resizing_keeps_what_is_invalid_invalid(name):
    kind = KINDS[name]
    array = label(name)
    array[:, :3] = kind.pad_value
    valid = kind.valid(kind.to_tensor(kind.resize(array, (8, 12)))[None])[0]
    assert not valid[:, :6].any() and valid[:, 6:].all()


def test_depth_is_divided_by_the_zoom():
    depth = np.array([[2.0, 0.0]], np.float32)
    assert KINDS['depth'].resize(depth, (1, 2), 2.0).tolist() == [[1.0, 0.0]]
    assert KINDS['depth'].resize(depth, (1, 2)).tolist() == [[2.0, 0.0]]
    assert KINDS['depth'].resize(depth, (1, 2), 2.0).dtype == np.float32


@pytest.mark.parametrize('name', ['class_map', 'binary_map', 'normals'])
def test_the_zoom_changes_no_other_map(name):
    assert np.array_equal(KINDS[name].resize(label(name), SIZE, 2.0), label(name))


@pytest.mark.parametrize('name', ['class_label', 'scalar'])
def test_image_level_labels_do_not_move(name):
    kind = KINDS[name]
    assert kind.resize(label(name), (9, 9), 2.0) == kind.hflip(label(name)) == label(name)


def test_flipping_mirrors_and_turns_normals():
    normals = np.array([[[0.6, 0.0, -0.8], [0.0, 1.0, 0.0]]], np.float32)
    flipped = KINDS['normals'].hflip(normals)
    np.testing.assert_array_equal(flipped, np.array([[[0, 1, 0], [-0.6, 0, -0.8]]], np.float32))
    assert normals[0, 0, 0] == np.float32(0.6), 'the label itself was changed'
    ids = np.array([[1, 2, 255]], np.uint8)
    assert KINDS['class_map'].hflip(ids).tolist() == [[255, 2, 1]]
    assert KINDS['class_map'].hflip(ids).flags.c_contiguous


def test_a_normal_with_one_zero_component_is_valid():
    target = torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1)
    assert KINDS['normals'].valid(target).item()


def test_class_zero_is_valid_and_depth_zero_is_not():
    assert KINDS['class_label'].valid(torch.tensor([0, -1])).tolist() == [True, False]
    assert KINDS['class_map'].valid(torch.tensor([[[0, IGNORE]]], dtype=torch.uint8)).tolist() == [[[True, False]]]
    assert KINDS['depth'].valid(torch.tensor([[[[0.0, 1e-3, float('nan')]]]])).tolist() == [[[False, True, False]]]
    assert KINDS['scalar'].valid(torch.tensor([0.0, float('nan')])).tolist() == [True, False]


@pytest.mark.parametrize('name, array, said', [
    ('class_map', np.zeros((4, 5), np.uint8), r'shape is \(4, 5\), the image is 4x6'),
    ('class_map', 3, 'shape is int'),
    ('class_map', np.zeros(SIZE, np.int32), 'int32 of 2 axes'),
    ('class_map', np.zeros((*SIZE, 1), np.uint8), 'uint8 of 3 axes'),
    ('binary_map', np.full(SIZE, 2, np.uint8), 'holds 2, allowed are 0, 1 and 255'),
    ('depth', np.zeros((*SIZE, 1), np.float32), '3 axes'),
    ('depth', np.full(SIZE, -1, np.float32), r'negative depth \(-1 m\)'),
    ('depth', np.full(SIZE, np.inf, np.float32), '24 of its 24 depths are NaN or infinite'),
    ('depth', np.full(SIZE, 4999, np.uint16), r'whole numbers \(uint16, up to 4999\).*scale of 0.001'),
    ('depth', np.full(SIZE, 4999, np.int32), r'whole numbers \(int32, up to 4999\)'),
    ('normals', np.full((*SIZE, 3), 200, np.uint8), 'it holds uint8, normals are unit vectors in floats'),
    ('normals', np.rint((label('normals') + 1) * 127.5), 'these are colours of 0..255'),
    ('normals', (label('normals') + 1) / 2, 'these are colours of 0..1,'),
    ('normals', label('normals') * 2, 'these are not unit vectors'),
    ('normals', np.zeros(SIZE, np.float32), r'normals are \(H, W, 3\)'),
    ('normals', np.full((*SIZE, 3), np.nan, np.float32), 'NaN or infinite'),
    ('class_label', 2.5, 'it is 2.5, a class is a whole number'),
])
def test_what_is_wrong_is_said(name, array, said):
    wrong = KINDS[name].check(array, SIZE)
    assert wrong is not None
    assert re.search(said, wrong), wrong


def test_the_base_class_says_what_is_missing():
    class Bare(TargetKind):
        name = 'bare'

    with pytest.raises(TypeError, match='Bare does not implement empty'):
        Bare().empty(SIZE)
    with pytest.raises(TypeError, match='Bare does not implement valid'):
        Bare().valid(torch.zeros(1))
