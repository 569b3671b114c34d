"""Common behaviour of adapters for labelled image files."""

import cv2
import numpy as np
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.images.labelled_files import LabelledFiles, class_folders, held_out


class Two(LabelledFiles):
    COUNT = 2

    def listed(self):
        return [(self.data_root / f'{number}.png', number) for number in range(3)]


def test_a_sample(tmp_path):
    for number in range(3):
        assert cv2.imwrite(str(tmp_path / f'{number}.png'), np.full((4, 6, 3), number, np.uint8))
    data = Two(data_root=tmp_path, task='kind')
    assert data[1]['image'].shape == (3, 4, 6) and int(data[1]['targets']['kind']) == 1
    assert data.entries[1]['sample_id'] == '1'
    with pytest.raises(BadData, match='holds class 2'):
        data[2]
    (tmp_path / '0.png').unlink()
    with pytest.raises(BadData, match='1 files are missing'):
        len(Two(data_root=tmp_path))


def test_classes_and_divisions(tmp_path):
    for name in ('b', 'a'):
        (tmp_path / name).mkdir()
    assert [folder.name for folder in class_folders(tmp_path)] == ['a', 'b']
    pictures = [(tmp_path / str(number), number % 2) for number in range(20)]
    train, val = (held_out(pictures, split, 0, 'toy') for split in ('train', 'val'))
    assert sorted(train + val) == sorted(pictures) and len(val) == 4
    with pytest.raises(BadData, match='choose a share'):
        held_out(pictures[:2], 'val', 0, 'toy', 0.5)
