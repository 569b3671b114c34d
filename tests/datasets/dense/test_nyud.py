import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mtkd.datasets import NYUDMT, BadData
from mtkd.datasets.dense.nyud import read_depth, read_edge, read_normals, read_semseg
from mtkd.datasets.synthetic import SPLIT_START, render_scene, write_nyud_mt

COUNTS = {'train': 3, 'val': 2}
REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'NYUD_MT'


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    out = {}
    for variant in ('drive', 'eth', 'astmt'):
        out[variant] = tmp_path_factory.mktemp(variant)
        write_nyud_mt(out[variant], 0, COUNTS, size=(48, 64), variant=variant)
    return out


@pytest.mark.parametrize('variant', ['drive', 'eth', 'astmt'])
@pytest.mark.parametrize('named', [False, True])
def test_every_variant_gives_the_scene(roots, variant, named):
    for split, count in COUNTS.items():
        data = NYUDMT(data_root=roots[variant], split=split, variant=variant if named else None)
        assert len(data) == count
        for index in range(count):
            scene = render_scene(0, SPLIT_START[split] + index, (48, 64))
            targets = data.load(index)['targets']
            assert np.array_equal(targets['semseg'], scene.semseg)
            assert np.array_equal(targets['edge'], scene.edge)
            assert np.allclose(targets['depth'], scene.depth_m)
            cosine = (targets['normals'] * scene.normals).sum(-1)
            if variant == 'astmt':  # JPEG subsamples colours at the borders of surfaces
                assert np.median(cosine) > 0.999
            else:
                assert cosine.min() > (0.9999 if variant == 'eth' else 0.999999)
            assert np.allclose(np.linalg.norm(targets['normals'], axis=-1), 1, atol=1e-5)


def test_packed(roots):
    sample = NYUDMT(data_root=roots['drive'])[0]
    assert {t: (tuple(v.shape), v.dtype) for t, v in sample['targets'].items()} == {
        'semseg': ((48, 64), torch.uint8), 'depth': ((1, 48, 64), torch.float32),
        'normals': ((3, 48, 64), torch.float32), 'edge': ((48, 64), torch.uint8)}
    assert all(sample['present'].values()) and sample['meta']['sample_id'] == '0001'


def test_only_the_asked_folders_are_needed(tmp_path):
    write_nyud_mt(tmp_path, 0, {'train': 1}, size=(24, 32))
    for path in (tmp_path / 'normals').iterdir():
        path.unlink()
    assert NYUDMT(tasks={'depth': 'depth'}, data_root=tmp_path)[0]['present'] == {'depth': True}
    with pytest.raises(BadData, match=r"normals holds no \.npy or \.png or \.jpg file of the split 'train'"):
        NYUDMT(data_root=tmp_path).full_init()


def test_missing_label_is_named(tmp_path):
    write_nyud_mt(tmp_path, 0, {'train': 3}, size=(24, 32))
    (tmp_path / 'depth' / '0002.npy').unlink()
    with pytest.raises(BadData, match=r'1 files are missing .*0002\.npy'):
        NYUDMT(data_root=tmp_path).full_init()


def test_errors_of_the_whole(tmp_path):
    with pytest.raises(ValueError, match="no variant 'mine'"):
        NYUDMT(data_root=tmp_path, variant='mine')
    with pytest.raises(BadData, match=r'train\.txt is missing: data_root'):
        NYUDMT(data_root=tmp_path).full_init()
    (tmp_path / 'gt_sets').mkdir()
    (tmp_path / 'gt_sets' / 'train.txt').touch()
    with pytest.raises(BadData, match='is empty'):
        NYUDMT(data_root=tmp_path).full_init()


def test_nan_depth_is_named(tmp_path):
    write_nyud_mt(tmp_path, 0, {'train': 1}, size=(24, 32))
    depth = np.ones((24, 32), np.float32)
    depth[3, 4] = np.nan
    np.save(tmp_path / 'depth' / '0001.npy', depth)
    with pytest.raises(BadData, match=r'0001\.npy is no depth label: 1 of its 768 depths'):
        NYUDMT(data_root=tmp_path)[0]


def test_semseg_values(tmp_path):
    np.save(tmp_path / 'a.npy', np.array([[0, 1, 40, 255]]))
    assert read_semseg(tmp_path / 'a.npy').tolist() == [[255, 0, 39, 255]]
    np.save(tmp_path / 'b.npy', np.array([[41]]))
    with pytest.raises(BadData, match='holds class 41'):
        read_semseg(tmp_path / 'b.npy')


def test_depth_with_a_third_axis(tmp_path):
    np.save(tmp_path / 'a.npy', np.ones((4, 5, 1)))
    depth = read_depth(tmp_path / 'a.npy')
    assert depth.shape == (4, 5) and depth.dtype == np.float32


def test_8_bit_normals_of_grey_are_invalid(tmp_path):
    picture = np.array([[[127, 127, 128], [128, 128, 255], [255, 128, 127]]], np.uint8)
    Image.fromarray(picture).save(tmp_path / 'a.png')
    normals = read_normals(tmp_path / 'a.png')
    assert (normals[0, 0] == 0).all()
    assert np.allclose(normals[0, 1:], [[0, 0, 1], [1, 0, 0]], atol=0.01)


@pytest.mark.parametrize('stored', [np.array([[0, 1]]), np.array([[0, 255]]), np.array([[0.0, 1.0]]),
                                    np.array([[False, True]])])
def test_edge_encodings(tmp_path, stored):
    np.save(tmp_path / 'a.npy', stored)
    edge = read_edge(tmp_path / 'a.npy')
    assert edge.tolist() == [[0, 1]] and edge.dtype == np.uint8


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no NYUD-v2 in {REAL} (set MTKD_DATA_ROOT)')
def test_real_data():
    assert {split: len(NYUDMT(data_root=REAL, split=split)) for split in ('train', 'val')}['train'] == 795
    data = NYUDMT(data_root=REAL, split='val', pipeline=[{'type': 'RandomScaling'}, {
        'type': 'RandomCrop', 'size': (96, 128)}, {'type': 'Pad', 'size': (96, 128)}])
    for index in range(0, len(data), 60):
        whole = data.load(index)
        height, width = whole['image'].shape[:2]
        depth, normals, semseg = (whole['targets'][t] for t in ('depth', 'normals', 'semseg'))
        assert 0.3 < np.median(depth[depth > 0]) < 10
        assert (semseg < 40).mean() > 0.3 and 0 < whole['targets']['edge'].mean() < 0.5
        norm = np.linalg.norm(normals, axis=-1)
        assert np.allclose(norm[norm > 0], 1, atol=1e-4)
        assert normals[..., 2][norm > 0].mean() < 0  # they face the camera, whose viewing direction is z
        floor = semseg == 1
        if floor.sum() > 0.02 * height * width:
            assert normals[floor][:, 1].mean() < -0.5  # y points down, the normal of a floor points up
        assert data[index]['image'].shape == (3, 96, 128)
