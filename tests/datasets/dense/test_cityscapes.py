import numpy as np
import pytest

from mtkd.datasets import BadData, CityscapesMTAN
from mtkd.datasets.synthetic import SPLIT_START, render_scene, write_cityscapes_mtan


@pytest.mark.parametrize(('classes', 'folder'), [(7, None), (2, None), (19, None), (7, 'label')])
def test_it_serves_the_scene(tmp_path, classes, folder):
    write_cityscapes_mtan(tmp_path, 0, {'train': 1, 'val': 1}, classes=classes, label=folder)
    for split in ('train', 'val'):
        data = CityscapesMTAN(data_root=tmp_path, split=split, classes=classes)
        scene, sample = render_scene(0, SPLIT_START[split], (64, 128)), data.load(0)
        assert np.array_equal(sample['image'], scene.image)
        assert np.array_equal(sample['targets']['semseg'], np.where(scene.semseg < classes, scene.semseg, 255))
        inverse = np.where(scene.depth_m < 8, 0.2 / scene.depth_m, 0)
        assert np.allclose(sample['targets']['depth'], inverse)
        assert data.metainfo['num_classes'] == {'semseg': classes}


def test_the_numbered_folder_comes_first(tmp_path):
    write_cityscapes_mtan(tmp_path, 0, {'train': 1}, classes=2)
    write_cityscapes_mtan(tmp_path, 0, {'train': 1}, classes=7, label='label')
    assert CityscapesMTAN(data_root=tmp_path, classes=2).load(0)['targets']['semseg'].max() in (0, 1, 255)
    with pytest.raises(BadData, match=r'label/0\.npy is no semseg label: it holds class'):
        (tmp_path / 'train' / 'label_2' / '0.npy').unlink()
        (tmp_path / 'train' / 'label_2').rmdir()
        CityscapesMTAN(data_root=tmp_path, classes=2).load(0)


def test_no_label_folder(tmp_path):
    write_cityscapes_mtan(tmp_path, 0, {'train': 1}, classes=2)
    with pytest.raises(BadData, match=r"train/label_7 is missing \(nor is there label\): .* take 'semseg' out of the tasks"):
        CityscapesMTAN(data_root=tmp_path).full_init()
    assert len(CityscapesMTAN(tasks={'depth': 'depth'}, data_root=tmp_path)) == 1


def test_classes_that_do_not_go_together():
    with pytest.raises(ValueError, match='classes=13 of CityscapesMTAN: use one of 2, 7, 19'):
        CityscapesMTAN(classes=13)
    with pytest.raises(ValueError, match="labels 'semseg' with 7 classes, the task 'semseg' has 19"):
        CityscapesMTAN(num_classes={'semseg': 19})
