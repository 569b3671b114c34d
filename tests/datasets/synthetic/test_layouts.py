"""Scenes that are written in the formats of real data sets and read back."""

import cv2
import numpy as np
import pytest
from scipy.io import loadmat

from mtkd.datasets.synthetic import LIMBS, SPLIT_START, render_scene, write_camvid, write_nyud_mt, write_pascal_mt

from .rendered import PERSON, SIZE, scenes


def read_rgb(path):
    return cv2.imread(str(path))[..., ::-1]


def decode_normals(path):
    return read_rgb(path).astype(float) * 2 / 255 - 1


def grey(path):
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert array.ndim == 2 and array.dtype == np.uint8
    return array


@pytest.mark.parametrize('variant', ['drive', 'eth', 'astmt'])
def test_nyud_mt_reads_back(tmp_path, variant):
    ids = write_nyud_mt(tmp_path, 5, {'train': 2, 'val': 1}, (48, 64), variant)
    assert (tmp_path / 'gt_sets/train.txt').read_text().split() == ids['train']
    assert (tmp_path / 'gt_sets/val.txt').read_text().split() == ids['val'] and len({*ids['train'], *ids['val']}) == 3
    scene, name = render_scene(5, SPLIT_START['train'] + 1, (48, 64)), ids['train'][1]
    if variant == 'eth':
        assert np.array_equal(read_rgb(tmp_path / f'images/{name}.png'), scene.image)
    else:
        assert np.abs(read_rgb(tmp_path / f'images/{name}.jpg').astype(int) - scene.image).mean() < 20
    if variant == 'astmt':
        semseg = loadmat(tmp_path / f'segmentation/{name}.mat')['segmentation']
        depth = loadmat(tmp_path / f'depth/{name}.mat')['depth']
        normals, tolerance = decode_normals(tmp_path / f'normals/{name}.jpg'), 0.1
    else:
        semseg, depth = grey(tmp_path / f'segmentation/{name}.png'), np.load(tmp_path / f'depth/{name}.npy')
    if variant == 'eth':
        normals, tolerance = decode_normals(tmp_path / f'normals/{name}.png'), 0.005
    if variant == 'drive':
        normals, tolerance = np.load(tmp_path / f'normals/{name}.npy'), 1e-6
        edge = np.load(tmp_path / f'edge/{name}.npy')
    else:
        edge = grey(tmp_path / f'edge/{name}.png') / 255
    assert np.array_equal(semseg, scene.semseg + 1) and semseg.min() >= 1 and semseg.max() <= 40
    assert np.array_equal(depth, scene.depth_m) and depth.dtype == np.float32
    assert np.abs(normals - scene.normals).mean() < tolerance
    assert np.array_equal(edge, scene.edge)


def test_nyud_mt_splits_are_disjoint_scenes(tmp_path):
    ids = write_nyud_mt(tmp_path, 0, {'train': 1, 'val': 1}, (24, 32))
    one, two = (np.load(tmp_path / f'depth/{ids[split][0]}.npy') for split in ('train', 'val'))
    assert not np.array_equal(one, two)


def test_unknown_variant_and_split_are_named(tmp_path):
    with pytest.raises(ValueError, match='tarball'):
        write_nyud_mt(tmp_path, 0, {'train': 1}, variant='tarball')
    with pytest.raises(ValueError, match='trainval'):
        write_pascal_mt(tmp_path, 0, {'trainval': 1}, (24, 32))


def person_index():
    return next(i for i, scene in enumerate(scenes()) if (scene.parts == 1).any() and (scene.parts == 6).any())


def test_pascal_mt_reads_back(tmp_path):
    size, count = (60, 80), person_index() + 2
    ids = write_pascal_mt(tmp_path, 0, {'train': count, 'val': 1}, size)
    assert (tmp_path / 'ImageSets/Context/train.txt').read_text().split() == ids['train']
    for k, name in enumerate(ids['train']):
        scene = render_scene(0, k, size)
        assert read_rgb(tmp_path / f'JPEGImages/{name}.jpg').shape == scene.image.shape
        files = [tmp_path / f'semseg/{folder}/{name}.png' for folder in ('VOC12', 'pascal-context')]
        assert [path.exists() for path in files] == [k % 2 == 0, k % 2 == 1]
        semseg = grey(files[k % 2])
        assert set(np.unique(semseg)) <= {0, 9, 11, 15, 18, 255} and (k % 2 == 0 or semseg.max() < 255)
        firm = semseg != 255
        assert firm.mean() > 0.6
        assert np.array_equal((semseg == 15)[firm], (scene.semseg == PERSON)[firm])
        label_map = loadmat(tmp_path / f'pascal-context/trainval/{name}.mat')['LabelMap']
        assert label_map.shape == size and label_map.min() >= 1 and label_map.max() <= 459
        pairs = np.unique(np.stack((label_map.ravel(), scene.semseg.ravel())), axis=1)
        assert pairs.shape[1] == len(np.unique(label_map)) == len(np.unique(scene.semseg))
        assert np.array_equal(grey(tmp_path / f'sal_distill/{name}.png') > 127, scene.sal == 1)
        normals = decode_normals(tmp_path / f'normals_distill/{name}.png')
        assert np.abs(normals - scene.normals).max() < 0.005


def test_human_parts_read_back_by_the_published_nesting(tmp_path):
    index, size = person_index(), SIZE
    name = write_pascal_mt(tmp_path, 0, {'train': index + 1}, size)['train'][index]
    scene = scenes()[index]
    anno = loadmat(tmp_path / f'human_parts/{name}.mat')['anno'][0, 0]
    assert anno['imname'][0] == name
    merged, seen = np.zeros(size, np.uint8), np.zeros(size, bool)
    part_of = dict(LIMBS)
    for thing in anno['objects'][0]:
        label, number, mask, parts = thing['class'][0], int(thing['class_ind'][0, 0]), thing['mask'], thing['parts']
        assert (label == 'person') == (number == 15) and mask.shape == size
        if number != 15:
            assert parts.size == 0
            continue
        seen |= mask > 0
        for part in parts[0]:
            inside = part['mask'] > 0
            assert inside.any() and not (inside & (mask == 0)).any()
            merged[inside] = part_of[part['part_name'][0]]
    assert np.array_equal(seen, scene.semseg == PERSON)
    assert np.array_equal(merged, scene.parts)


def test_pascal_mt_sizes_vary(tmp_path):
    sizes = [(30, 40), (40, 30)]
    ids = write_pascal_mt(tmp_path, 0, {'train': 3}, sizes)['train']
    assert [read_rgb(tmp_path / f'JPEGImages/{name}.jpg').shape[:2] for name in ids] == [*sizes, sizes[0]]


def test_pascal_mt_natural_sizes_are_at_most_500(tmp_path):
    ids = write_pascal_mt(tmp_path, 0, {'train': 3})['train']
    shapes = [read_rgb(tmp_path / f'JPEGImages/{name}.jpg').shape[:2] for name in ids]
    assert len(set(shapes)) > 1 and max(max(shape) for shape in shapes) == 500


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_camvid_reads_back(tmp_path, suffix):
    ids = write_camvid(tmp_path, 0, {'train': 2, 'val': 1, 'test': 1}, (48, 64), suffix)
    assert sorted(p.name for p in tmp_path.iterdir()) == ['test', 'testannot', 'train', 'trainannot', 'val', 'valannot']
    for split, names in ids.items():
        for k, name in enumerate(names):
            scene = render_scene(0, SPLIT_START[split] + k, (48, 64))
            assert read_rgb(tmp_path / split / f'{name}{suffix}').shape == (48, 64, 3)
            labels = grey(tmp_path / f'{split}annot' / f'{name}.png')
            assert labels.max() <= 11 and np.array_equal(labels[labels < 11], scene.semseg[labels < 11])
            assert (scene.semseg[labels == 11] >= 11).all()
