"""DenseFolder: patterns, rules, splits and errors."""

import json
import warnings

import cv2
import numpy as np
import pytest

from mtkd.datasets import BadData, DenseFolder
from mtkd.registry import DATASETS


@pytest.fixture
def rooms(tmp_path):
    rng = np.random.default_rng(0)
    for folder in ('images/kitchen', 'masks/kitchen', 'depth/kitchen', 'splits', 'normals/kitchen'):
        (tmp_path / folder).mkdir(parents=True)
    for i in range(3):
        cv2.imwrite(str(tmp_path / f'images/kitchen/{i}.png'), rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        mask = np.zeros((6, 8), np.uint8)
        mask[:, 4:] = 255
        cv2.imwrite(str(tmp_path / f'masks/kitchen/{i}.png'), mask)
        cv2.imwrite(str(tmp_path / f'depth/kitchen/{i}.png'), np.full((6, 8), 1500 + i, np.uint16))
    (tmp_path / 'splits/train.txt').write_text('kitchen/0\nkitchen/2\n')
    return tmp_path


def folder(root, **given):
    return DATASETS.build({'type': 'DenseFolder', 'data_root': str(root), 'image': 'images/**/*.png', **given})


def test_the_example_of_the_docstring(rooms):
    data = folder(rooms, split='splits/train.txt', semseg={'files': 'masks/{id}.png', 'map': {0: 0, 255: 1}},
                  depth={'files': 'depth/{id}.png', 'scale': 0.001})
    data.full_init()
    assert [entry['sample_id'] for entry in data.entries] == ['kitchen/0', 'kitchen/2']
    sample = data.load(1)
    assert sample['targets']['semseg'].tolist() == [[0] * 4 + [1] * 4] * 6
    assert sample['targets']['depth'].dtype == np.float32
    np.testing.assert_allclose(sample['targets']['depth'], 1.502, rtol=1e-6)


def test_without_a_list_all_pictures_are_served_and_the_split_fills_patterns(rooms):
    data = folder(rooms, image='images/{split}/*.png', split='kitchen',
                  depth={'files': 'depth/{split}/{id}.png', 'scale': 0.001})
    assert [entry['sample_id'] for entry in data.entries] == ['0', '1', '2']


def test_a_missing_file_is_a_missing_label_and_counted(rooms):
    (rooms / 'depth/kitchen/1.png').unlink()
    data = folder(rooms, semseg={'files': 'masks/{id}.png', 'map': {0: 0, 255: 1}, 'classes': ['wall', 'door']},
                  depth={'files': 'depth/{id}.png', 'scale': 1e-3})
    assert data.metainfo['classes'] == {'semseg': ('wall', 'door')} and data.num_classes == {'semseg': 2}
    with pytest.warns(UserWarning, match='1 of 3 images have no depth label'):
        data.full_init()
    packed = data[1]
    assert bool(packed['present']['semseg']) and not bool(packed['present']['depth'])


def test_only_the_asked_labels_are_read(rooms):
    data = folder(rooms, tasks={'depth': 'depth'}, semseg='nowhere/{id}.png',
                  depth={'files': 'depth/{id}.png', 'scale': 1e-3})
    assert set(data.load(0)['targets']) == {'depth'}


def test_a_task_of_any_name_takes_its_kind_from_the_engine_or_the_label(rooms):
    by_engine = folder(rooms, tasks={'door': 'class_map'}, door={'files': 'masks/{id}.png', 'map': {0: 0, 255: None}})
    assert by_engine.load(0)['targets']['door'].tolist() == [[0] * 4 + [255] * 4] * 6
    assert folder(rooms, door={'files': 'masks/{id}.png', 'kind': 'binary_map'}).load(0)['targets']['door'].max() == 1
    with pytest.raises(ValueError, match="door: say which kind of label it is"):
        folder(rooms, door='masks/{id}.png')


@pytest.mark.parametrize(('given', 'words'), [
    ({'semseg': {'files': 'masks/{id}.png', 'scale': 2}}, r'semseg=dict\(scale=...\) is not known for a class_map'),
    ({'semseg': {'files': 'masks/all.png'}}, 'names one file for all images'),
    ({'semseg': 3}, 'neither an argument of DenseFolder nor a label'),
    ({'pipelin': []}, 'neither an argument of DenseFolder nor a label'),
    ({'semseg': {'files': '{id}.png', 'kind': 'clas_map'}}, "did you mean 'class_map'"),
    ({'semseg': {'files': '{id}.png', 'map': {1: 300}}}, 'a class is a whole number from 0 to 254'),
    ({'normals': {'files': '{id}.png', 'encoding': '0-255'}}, "encoding='0-255' is unknown"),
    ({'normals': {'files': '{id}.png', 'axes': 'xy'}}, "axes='xy' is no order of x, y and z"),
    ({'semseg': {'coco': {}}}, 'lacks file='),
    ({'semseg': {'coco': {'file': 'a.json'}, 'files': '{id}.png'}}, r"semseg has two sources, files='\{id\}.png' and coco"),
])
def test_arguments_that_cannot_be_meant(tmp_path, given, words):
    with pytest.raises(ValueError, match=words):
        folder(tmp_path, **given)


def test_what_is_not_there(rooms):
    semseg = {'files': 'masks/{id}.png', 'map': {0: 0, 255: 1}}
    with pytest.raises(BadData, match="no image matches image='pictures/"):
        folder(rooms, image='pictures/*.png', semseg=semseg).full_init()
    with pytest.raises(BadData, match='none of the 3 images has a semseg label'):
        folder(rooms, semseg='mask/{id}.png').full_init()
    (rooms / 'splits/bad.txt').write_text('kitchen/0\nkitchn/1\n')
    with pytest.raises(BadData, match=r"lists 'kitchn/1', which .* does not find \(it finds 'kitchen/1'\)"):
        folder(rooms, split='splits/bad.txt', semseg=semseg).full_init()
    cv2.imwrite(str(rooms / 'images/kitchen/0.jpg'), np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(BadData, match='have the same id'):
        folder(rooms, image='images/**/*.*', semseg=semseg).full_init()


def test_a_value_that_the_map_does_not_name(rooms):
    data = folder(rooms, semseg={'files': 'masks/{id}.png', 'map': {0: 0}})
    with pytest.raises(BadData, match=r'holds the value 255, which its map does not name'):
        data.load(0)


def test_coco_annotations_are_labels_of_the_pictures_they_name(rooms):
    square = {'id': 1, 'image_id': 7, 'category_id': 3, 'area': 4, 'segmentation': [[0, 0, 2, 0, 2, 2, 0, 2]]}
    (rooms / 'coco.json').write_text(json.dumps({
        'images': [{'id': 7, 'file_name': '1.png', 'height': 6, 'width': 8}], 'annotations': [square],
        'categories': [{'id': 3, 'name': 'door'}, {'id': 9, 'name': 'wall'}]}))
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        data = folder(rooms, semseg={'coco': {'file': 'coco.json', 'background': 0}})
        data.full_init()
    label = data.load(1)['targets']['semseg']
    assert label[:2, :2].tolist() == [[1, 1], [1, 1]] and label.sum() == 4
    assert data.load(0)['targets']['semseg'] is None


def test_it_is_exported():
    assert DATASETS.get('DenseFolder') is DenseFolder
