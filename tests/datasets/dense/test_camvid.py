import os
from pathlib import Path

import numpy as np
import pytest

from mtkd.datasets import BadData, CamVid
from mtkd.datasets.dense.borders import label_borders
from mtkd.datasets.synthetic import SPLIT_START, render_scene, write_camvid

REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'camvid'


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_labels_and_borders(tmp_path, suffix):
    write_camvid(tmp_path, 0, {'train': 2, 'test': 1}, size=(48, 64), suffix=suffix)
    for split, count in (('train', 2), ('test', 1)):
        data = CamVid(data_root=tmp_path, split=split)
        assert len(data) == count
        for index in range(count):
            scene = render_scene(0, SPLIT_START[split] + index, (48, 64))
            sample = data.load(index)
            semseg = np.where(scene.semseg >= 11, 255, scene.semseg)
            assert np.array_equal(sample['targets']['semseg'], semseg)
            assert np.array_equal(sample['targets']['edge'], label_borders(semseg))
            if suffix == '.png':
                assert np.array_equal(sample['image'], scene.image)


def test_one_task_alone(tmp_path):
    write_camvid(tmp_path, 0, {'train': 1}, size=(24, 32))
    assert set(CamVid(tasks={'edge': 'edge_map'}, data_root=tmp_path)[0]['targets']) == {'edge'}
    assert set(CamVid(tasks={'semseg': 'class_map'}, data_root=tmp_path).load(0)['targets']) == {'semseg'}


def test_errors(tmp_path):
    with pytest.raises(BadData, match='val is missing: data_root'):
        CamVid(data_root=tmp_path, split='val').full_init()
    write_camvid(tmp_path, 0, {'train': 1, 'val': 1}, size=(24, 32))
    next((tmp_path / 'trainannot').iterdir()).unlink()
    with pytest.raises(BadData, match='trainannot'):
        CamVid(data_root=tmp_path).full_init()
    label = next((tmp_path / 'valannot').iterdir())
    label.write_bytes(b'')
    with pytest.raises(BadData, match='not a readable image'):
        CamVid(data_root=tmp_path, split='val')[0]


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no CamVid in {REAL} (set MTKD_DATA_ROOT)')
def test_real_data():
    assert len(CamVid(data_root=REAL, split='train')) == 367
    data = CamVid(data_root=REAL, split='val')
    seen = set()
    for index in range(0, len(data), 10):
        targets = data.load(index)['targets']
        seen |= set(np.unique(targets['semseg']).tolist())
        assert 0 < (targets['edge'] == 1).mean() < 0.3
    assert {0, 1, 3, 5, 8, 255} <= seen <= {*range(11), 255}
