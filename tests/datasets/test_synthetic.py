from functools import cache

import cv2
import numpy as np
import pytest
import torch
from scipy.io import loadmat

from mtkd.datasets.synthetic import (
    CLASSES,
    LIMBS,
    PARTS,
    SPLIT_START,
    SyntheticScenes,
    render_scene,
    write_camvid,
    write_nyud_mt,
    write_pascal_mt,
)
from mtkd.registry import DATASETS

SIZE = (96, 128)
PERSON = CLASSES.index('person')


@cache
def scenes(count: int = 50):
    return [render_scene(0, i, SIZE) for i in range(count)]


def rays(scene):
    """(H, W, 3) viewing directions with z = 1."""
    h, w = scene.semseg.shape
    y, x = np.mgrid[:h, :w] + 0.5
    return np.stack(((x - w / 2) / scene.focal_px, (y - h / 2) / scene.focal_px, np.ones((h, w))), -1)


def test_same_arguments_same_scene():
    one, two = render_scene(3, 14, SIZE), render_scene(3, 14, SIZE)
    for name in vars(one):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


@pytest.mark.parametrize('other', [(4, 14), (3, 15)])
def test_other_seed_or_index_other_scene(other):
    assert (render_scene(3, 14, SIZE).semseg != render_scene(*other, SIZE).semseg).any()


def test_forms():
    scene = render_scene(0, 0, (48, 80))
    for name in ('semseg', 'edge', 'sal', 'parts', 'instances', 'limbs'):
        array = getattr(scene, name)
        assert array.shape == (48, 80) and array.dtype == np.uint8, name
    assert scene.image.shape == (48, 80, 3) and scene.image.dtype == np.uint8
    assert scene.depth_m.shape == (48, 80) and scene.depth_m.dtype == np.float32
    assert scene.normals.shape == (48, 80, 3) and scene.normals.dtype == np.float32


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match='size'):
        render_scene(0, 0, (0, 10))
    with pytest.raises(ValueError, match='seed'):
        render_scene(-1, 0)


@pytest.mark.parametrize('index', range(6))
def test_geometry_is_the_same_at_three_times_the_size(index):
    small, large = render_scene(0, index, (40, 56)), render_scene(0, index, (120, 168))
    for name in ('semseg', 'instances', 'limbs', 'sal'):
        assert (getattr(small, name) == getattr(large, name)[1::3, 1::3]).mean() > 0.999, name
    assert np.median(np.abs(small.depth_m - large.depth_m[1::3, 1::3])) < 1e-5
    assert (np.abs(small.normals - large.normals[1::3, 1::3]).max(-1) < 1e-3).mean() > 0.995


def test_a_wider_picture_sees_the_same_and_more():
    narrow, wide = render_scene(0, 2, (60, 60)), render_scene(0, 2, (60, 100))
    assert (narrow.semseg == wide.semseg[:, 20:80]).mean() > 0.999


def test_normals_are_unit_and_face_the_camera():
    for scene in scenes():
        assert np.allclose(np.linalg.norm(scene.normals, axis=-1), 1, atol=1e-4)
        away = (scene.normals * rays(scene)).sum(-1) > 1e-4
        assert away.mean() < 1e-3
    assert np.mean([(scene.normals[..., 2] < 0).mean() for scene in scenes()]) > 0.9


def test_depth_lies_in_a_room():
    low = min(float(scene.depth_m.min()) for scene in scenes())
    high = max(float(scene.depth_m.max()) for scene in scenes())
    assert low > 0.6 and 5 < high < 10


def test_depth_and_normals_agree_on_planes():
    """Where all neighbours lie in one region and share the normal, the surface through their points has that normal."""
    checked = 0
    for scene in scenes(20):
        points = rays(scene) * scene.depth_m[..., None]
        n = scene.normals
        flat = np.ones((SIZE[0] - 2, SIZE[1] - 2), bool)
        for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
            shifted = n[dy : dy + SIZE[0] - 2, dx : dx + SIZE[1] - 2]
            flat &= (np.abs(shifted - n[1:-1, 1:-1]) < 1e-4).all(-1)
            flat &= scene.instances[dy : dy + SIZE[0] - 2, dx : dx + SIZE[1] - 2] == scene.instances[1:-1, 1:-1]
        cross = np.cross(points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1])
        cross /= np.linalg.norm(cross, axis=-1, keepdims=True)
        cosine = np.abs((cross * n[1:-1, 1:-1]).sum(-1))[flat]
        assert (cosine > 0.999).mean() > 0.95  # the rest: steps between parallel planes of one thing
        checked += cosine.size
    assert checked > 20 * 5000


def test_floor_points_up_and_ceiling_down():
    for scene in scenes(20):
        floor, ceiling = scene.normals[scene.semseg == 1], scene.normals[scene.semseg == 2]
        assert (floor[:, 1] < -0.8).all() and (ceiling[:, 1] > 0.8).all()


def test_edges_are_exactly_the_borders_of_regions():
    for scene in scenes(20):
        r = np.pad(scene.instances, ((0, 1), (0, 1)), mode='edge')
        border = (r[:-1, :-1] != r[:-1, 1:]) | (r[:-1, :-1] != r[1:, :-1])
        assert np.array_equal(scene.edge == 1, border)
        s = np.pad(scene.semseg, ((0, 1), (0, 1)), mode='edge')
        changes = (s[:-1, :-1] != s[:-1, 1:]) | (s[:-1, :-1] != s[1:, :-1])
        assert scene.edge[changes].all()  # a change of class is a change of region
    assert 0.01 < np.mean([scene.edge.mean() for scene in scenes()]) < 0.15


def test_one_class_per_region():
    for scene in scenes():
        for region in np.unique(scene.instances):
            assert len(np.unique(scene.semseg[scene.instances == region])) == 1


def test_parts_lie_on_persons_only():
    with_person = 0
    for scene in scenes():
        if (scene.semseg == PERSON).any():
            with_person += 1
            assert np.array_equal(scene.parts > 0, scene.semseg == PERSON)
            assert scene.parts.max() < len(PARTS)
        else:
            assert (scene.parts == 255).all()
    assert 0.3 < with_person / len(scenes()) < 0.7


def test_every_part_occurs():
    seen = {part for scene in scenes() for part in np.unique(scene.parts)}
    assert seen == {*range(len(PARTS)), 255}


def test_heads_are_above_torsos_above_lower_legs():
    above = 0, 0
    for scene in scenes():
        rows = [np.flatnonzero((scene.parts == part).any(1)) for part in (1, 2, 6)]
        if all(r.size for r in rows):
            means = [r.mean() for r in rows]
            above = above[0] + (means[0] < means[1] < means[2]), above[1] + 1
    assert above[1] > 5 and above[0] / above[1] > 0.9


def test_saliency_marks_whole_things():
    shares = []
    for scene in scenes():
        assert set(np.unique(scene.sal)) <= {0, 1}
        marked = set(np.unique(scene.instances[scene.sal == 1]))
        assert not marked & {1, 2, 3} and len(marked) <= 2
        assert np.array_equal(np.isin(scene.instances, list(marked)), scene.sal == 1)
        shares.append(bool(marked))
    assert np.mean(shares) > 0.85


def test_classes_are_varied():
    share = np.mean([[(scene.semseg == c).any() for c in range(len(CLASSES))] for scene in scenes()], axis=0)
    assert (share >= 0.2).sum() >= 12 and (share > 0).all()


def test_class_cannot_be_told_from_colour():
    """The best guess of the class from a 512-cell colour histogram, fitted on other scenes, is little better than the
    commonest class."""
    count = np.zeros((512, len(CLASSES)))

    def cells(scene):
        coarse = scene.image.astype(int) // 32
        return coarse[..., 0] * 64 + coarse[..., 1] * 8 + coarse[..., 2]

    for scene in scenes()[:40]:
        np.add.at(count, (cells(scene).ravel(), scene.semseg.ravel()), 1)
    right = np.mean([(count.argmax(1)[cells(scene)] == scene.semseg).mean() for scene in scenes()[40:]])
    commonest = np.mean([(scene.semseg == 0).mean() for scene in scenes()[40:]])
    assert right < commonest + 0.1


def test_pictures_are_well_exposed():
    means = [scene.image.mean() for scene in scenes()]
    assert min(means) > 60 and max(means) < 190 and np.std(means) > 5


# --- the data set ----------------------------------------------------------------------------------------------------


def test_data_set_serves_what_was_rendered():
    data = DATASETS.build({'type': 'SyntheticScenes', 'num_samples': 4, 'size': [48, 64], 'seed': 5, 'split': 'val'})
    assert len(data) == 4 and data.metainfo['num_classes'] == {'semseg': len(CLASSES), 'human_parts': len(PARTS)}
    for k in range(4):
        scene, sample = render_scene(5, SPLIT_START['val'] + k, (48, 64)), data[k]
        assert np.array_equal(sample['image'].permute(1, 2, 0), scene.image)
        for task, array in (('semseg', scene.semseg), ('sal', scene.sal), ('edge', scene.edge)):
            assert np.array_equal(sample['targets'][task], array) and sample['present'][task]
        assert np.array_equal(sample['targets']['depth'][0], scene.depth_m)
        assert np.array_equal(sample['targets']['normals'].permute(1, 2, 0), scene.normals)
        assert bool(sample['present']['human_parts']) == bool(scene.limbs.any())
        assert np.array_equal(sample['targets']['human_parts'], scene.parts)
        assert sample['meta']['original_size'] == (48, 64)


def test_data_set_reads_only_the_tasks_asked_for():
    data = SyntheticScenes({'depth': 'depth', 'age': 'scalar'}, num_samples=1, size=(24, 32))
    assert set(data.load(0)['targets']) == {'depth'} and set(data[0]['targets']) == {'depth', 'age'}
    assert not data[0]['present']['age']


def test_data_set_keeps_what_it_rendered():
    kept, fresh = (SyntheticScenes(num_samples=1, size=(24, 32), cache=cache) for cache in (True, False))
    assert kept.load(0)['image'] is kept.load(0)['image']
    assert fresh.load(0)['image'] is not fresh.load(0)['image']
    for task, label in kept[0]['targets'].items():
        label.zero_()  # a batch is the training's own: the kept sample must not change
        assert torch.equal(kept[0]['targets'][task], fresh[0]['targets'][task])


def test_data_set_splits_and_series_differ():
    first = [SyntheticScenes(num_samples=2, size=(24, 32), split=split, seed=seed).load(1)
             for split, seed in (('train', 0), ('val', 0), ('test', 0), ('train', 1))]
    assert len({sample['image'].tobytes() for sample in first}) == 4
    assert len({sample['meta']['sample_id'] for sample in first}) == 4


def test_data_set_leaves_the_augmentation_seed_to_the_run():
    data = SyntheticScenes(num_samples=1, seed=3)
    data.adopt_seed(7)
    assert data.seed == 7 and data.scene_seed == 3


@pytest.mark.parametrize('wrong', [{'num_samples': 0}, {'size': (0, 4)}, {'seed': -1}, {'split': 'trainval'}])
def test_data_set_refuses_by_name(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong)))):
        SyntheticScenes(**wrong)


# --- writers ---------------------------------------------------------------------------------------------------------


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


def test_a_task_with_fewer_classes_leaves_the_others_invalid():
    few = SyntheticScenes(tasks={'semseg': 'class_map'}, num_samples=6, size=(32, 48), num_classes={'semseg': 4})
    seen = {int(label) for index in range(6) for label in few[index]['targets']['semseg'].unique()}
    assert 255 in seen and seen <= {0, 1, 2, 3, 255}
