"""Class maps from COCO instance and panoptic annotations."""

import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mtkd.datasets import BadData
from mtkd.datasets.dense.coco_masks import CocoMasks

CATEGORIES = [{'id': 3, 'name': 'door'}, {'id': 9, 'name': 'wall'}]
SIZE = (6, 8)


def written(path, annotations):
    content = {'images': [{'id': 1, 'file_name': 'folder/a.jpg', 'height': 6, 'width': 8}], 'annotations': annotations,
               'categories': CATEGORIES}
    path.write_text(json.dumps(content))
    return path


def whole():
    return {'id': 1, 'image_id': 1, 'category_id': 9, 'area': 48, 'segmentation': [[0, 0, 8, 0, 8, 6, 0, 6]]}


def encoded():
    mask = np.zeros(SIZE, np.uint8, order='F')
    mask[1:3, 1:4] = 1
    counts = coco_mask.encode(mask)
    return {'id': 2, 'image_id': 1, 'category_id': 3, 'area': 6,
            'segmentation': {'size': list(SIZE), 'counts': counts['counts'].decode()}}


def test_the_smaller_instance_lies_on_top(tmp_path):
    file = written(tmp_path / 'c.json', [encoded(), whole()])
    labels = CocoMasks(file).read('a', SIZE)
    expected = np.ones(SIZE)
    expected[1:3, 1:4] = 0
    np.testing.assert_array_equal(labels, expected)


def test_categories_by_id_or_name_and_the_background(tmp_path):
    file = written(tmp_path / 'c.json', [encoded()])
    assert set(np.unique(CocoMasks(file).read('a', SIZE))) == {0, 255}
    assert set(np.unique(CocoMasks(file, background=0).read('a', SIZE))) == {0, 1}
    assert set(np.unique(CocoMasks(file, {'door': 5}).read('a', SIZE))) == {5, 255}
    assert set(np.unique(CocoMasks(file, {9: 5}).read('a', SIZE))) == {255}
    with pytest.raises(BadData, match="has no category 'dor'; it has door, wall"):
        CocoMasks(file, {'dor': 1})


def test_panoptic_pngs(tmp_path):
    file = written(tmp_path / 'p.json', [{'image_id': 1, 'file_name': 'a.png', 'segments_info': [
        {'id': 300, 'category_id': 9}, {'id': 70000, 'category_id': 3}]}])
    ids = np.array([[0, 300, 70000]])
    colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=2).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), colours[..., ::-1])
    masks = CocoMasks(file, panoptic=True)
    assert masks.read('a', (1, 3), tmp_path / 'a.png').tolist() == [[255, 1, 0]]
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((1, 1, 3), 9, np.uint8))
    with pytest.raises(BadData, match='which .*p.json does not list'):
        masks.read('a', (1, 1), tmp_path / 'a.png')
    with pytest.raises(BadData, match='give files=... as well'):
        masks.read('a', (1, 1))


def test_files_and_segmentations_that_are_wrong(tmp_path):
    with pytest.raises(BadData, match='is missing'):
        CocoMasks(tmp_path / 'none.json')
    (tmp_path / 'list.json').write_text('[]')
    with pytest.raises(BadData, match='is no COCO annotation file'):
        CocoMasks(tmp_path / 'list.json')
    (tmp_path / 'text.json').write_text('hello')
    with pytest.raises(BadData, match='not a readable JSON'):
        CocoMasks(tmp_path / 'text.json')
    masks = CocoMasks(written(tmp_path / 'c.json', [encoded()]))
    with pytest.raises(BadData, match='annotation 2 is 6x8, its image'):
        masks.read('a', (12, 16))
    masks = CocoMasks(written(tmp_path / 'c.json', [{**whole(), 'segmentation': {'size': [6, 8]}}]))
    with pytest.raises(BadData, match='the segmentation of annotation 1'):
        masks.read('a', SIZE)
