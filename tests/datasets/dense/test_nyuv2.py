import os
from pathlib import Path

import numpy as np
import pytest
import torch

from mtkd.datasets import NYUv2MTAN
from mtkd.datasets.synthetic import SPLIT_START, render_scene, write_nyuv2_mtan

REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'nyuv2'


def test_it_serves_the_scene(tmp_path):
    write_nyuv2_mtan(tmp_path, 0, {'train': 2, 'val': 1}, size=(48, 64))
    for split, count in (('train', 2), ('val', 1)):
        data = NYUv2MTAN(data_root=tmp_path, split=split)
        assert len(data) == count
        for index in range(count):
            scene = render_scene(0, SPLIT_START[split] + index, (48, 64))
            sample = data.load(index)
            seen = scene.depth_m < 8
            assert np.array_equal(sample['image'], scene.image), 'a uint8 image is unchanged by the conversion to fractions'
            assert np.array_equal(sample['targets']['semseg'], np.where(scene.semseg < 13, scene.semseg, 255))
            assert np.array_equal(sample['targets']['depth'], np.where(seen, scene.depth_m, 0))
            assert np.allclose(sample['targets']['normals'], np.where(seen[..., None], scene.normals, 0), atol=1e-6)


def test_packed(tmp_path):
    write_nyuv2_mtan(tmp_path, 0, {'train': 1}, size=(24, 32))
    sample = NYUv2MTAN(data_root=tmp_path)[0]
    assert sample['image'].dtype == torch.uint8 and sample['image'].shape == (3, 24, 32)
    assert {t: (tuple(v.shape), v.dtype) for t, v in sample['targets'].items()} == {
        'semseg': ((24, 32), torch.uint8), 'depth': ((1, 24, 32), torch.float32), 'normals': ((3, 24, 32), torch.float32)}


def test_one_task_needs_one_folder(tmp_path):
    write_nyuv2_mtan(tmp_path, 0, {'train': 1}, size=(24, 32))
    for folder in ('label', 'depth'):
        (tmp_path / 'train' / folder / '0.npy').unlink()
    assert NYUv2MTAN(tasks={'normals': 'normals'}, data_root=tmp_path)[0]['present'] == {'normals': True}


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no NYUv2 in the MTAN layout in {REAL} (set MTKD_DATA_ROOT)')
def test_real_data():
    assert len(NYUv2MTAN(data_root=REAL)) == 795
    data = NYUv2MTAN(data_root=REAL, split='val', size=(96, 128))
    seen = set()
    for index in range(0, len(data), 60):
        sample = data.load(index)
        semseg, depth, normals = (sample['targets'][task] for task in ('semseg', 'depth', 'normals'))
        assert sample['image'].shape == (96, 128, 3) and sample['image'].std() > 10
        seen |= set(np.unique(semseg).tolist())
        assert 0.3 < np.median(depth[depth > 0]) < 10
        length = np.linalg.norm(normals, axis=-1)
        assert np.allclose(length[length > 0], 1, atol=1e-4) and (length > 0).mean() > 0.5
        floor = semseg == 4
        if floor.mean() > 0.02:
            assert abs(normals[floor][:, 1].mean()) > 0.5  # its normals point along the vertical of the image
    assert {4, 5, 6, 11} <= seen <= {*range(13), 255}
