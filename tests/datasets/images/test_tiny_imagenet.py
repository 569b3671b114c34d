"""Tiny-ImageNet's folders and list."""

import cv2
import numpy as np
import pytest

from mtkd.datasets import BadData, TinyImageNet


@pytest.fixture
def root(tmp_path):
    for number, wnid in enumerate(('n02', 'n01')):
        folder = tmp_path / 'train' / wnid / 'images'
        folder.mkdir(parents=True)
        assert cv2.imwrite(str(folder / f'{wnid}_0.JPEG'), np.full((8, 8, 3), 60 * number, np.uint8))
    (tmp_path / 'val' / 'images').mkdir(parents=True)
    assert cv2.imwrite(str(tmp_path / 'val/images/val_0.JPEG'), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / 'val' / 'val_annotations.txt').write_text('val_0.JPEG\tn02\t0\t0\t7\t7\n')
    return tmp_path


def test_classes_are_sorted_and_the_same_in_both_splits(root):
    train, val = (TinyImageNet(data_root=root, split=split, task='tiny') for split in ('train', 'val'))
    assert [entry['class'] for entry in train.entries] == [0, 1]
    assert train.entries[0]['sample_id'] == 'train/n01/images/n01_0' and int(train[0]['targets']['tiny']) == 0
    assert int(val[0]['targets']['tiny']) == 1 and val[0]['image'].shape == (3, 8, 8)


def test_a_class_without_a_folder(root):
    (root / 'val' / 'val_annotations.txt').write_text('val_0.JPEG\tn07\t0\t0\t7\t7\n')
    with pytest.raises(BadData, match="names the class 'n07'"):
        len(TinyImageNet(data_root=root, split='val'))
    with pytest.raises(BadData, match='holds no folders'):
        len(TinyImageNet(data_root=root / 'nothing'))
