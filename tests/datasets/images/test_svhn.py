import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from mtkd.datasets import SVHN, BadData
from mtkd.datasets.synthetic.images import write_svhn

REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'svhn'


def test_pictures_and_digits(tmp_path):
    written = write_svhn(tmp_path, 0, {'train': 30, 'test': 12, 'extra': 1})
    assert loadmat(tmp_path / 'train_32x32.mat')['y'].ravel()[:3].tolist() == [10, 1, 2], 'the file has 10 for the digit 0'
    for split, pictures in written.items():
        data = SVHN(data_root=tmp_path, split=split)
        assert len(data) == len(pictures)
        for index in range(len(data)):
            sample = data.load(index)
            assert np.array_equal(sample['image'], pictures[index])
            assert sample['targets'] == {'svhn': index % 10}
    assert SVHN(data_root=tmp_path, split='test').load(3)['meta']['sample_id'] == 'test_000003'


def test_a_task_of_another_name(tmp_path):
    write_svhn(tmp_path, 0, {'train': 10})
    data = SVHN({'digit': 'class_label', 'age': 'scalar'}, tmp_path, task='digit')
    assert data[4]['targets']['digit'] == 4 and data[4]['present'] == {'digit': True, 'age': False}
    assert data.metainfo['num_classes'] == {'digit': 10} and data.metainfo['classes']['digit'][3] == '3'


@pytest.mark.parametrize('val', [20, 0.4])
def test_a_part_of_the_training_file_validates(tmp_path, val):
    write_svhn(tmp_path, 0, {'train': 50})
    train, held = (SVHN(data_root=tmp_path, split=split, val=val) for split in ('train', 'val'))
    assert (len(train), len(held)) == (30, 20)
    assert np.bincount(held.labels['svhn']).tolist() == [2] * 10
    ids = [{entry['sample_id'] for entry in data.entries} for data in (train, held)]
    assert not ids[0] & ids[1] and len(ids[0] | ids[1]) == 50
    again = SVHN(data_root=tmp_path, split='val', val=val)
    other = SVHN(data_root=tmp_path, split='val', val=val, split_seed=1)
    assert [e['sample_id'] for e in again.entries] == [e['sample_id'] for e in held.entries]
    assert [e['sample_id'] for e in other.entries] != [e['sample_id'] for e in held.entries]
    sample = held.load(0)
    whole = SVHN(data_root=tmp_path)
    assert np.array_equal(sample['image'], whole.load(int(sample['meta']['sample_id'].split('_')[1]))['image'])


def test_refuses(tmp_path):
    with pytest.raises(ValueError, match="no split 'val' of its own"):
        SVHN(data_root=tmp_path, split='val')
    with pytest.raises(BadData, match=r'train_32x32.mat is missing: data_root'):
        SVHN(data_root=tmp_path).full_init()
    write_svhn(tmp_path, 0, {'train': 20})
    with pytest.raises(BadData, match='takes 0 of the 2 of class 2'):
        SVHN(data_root=tmp_path, val=0.1).full_init()
    with pytest.raises(BadData, match='cannot hold out 20 of 20'):
        SVHN(data_root=tmp_path, val=20).full_init()


@pytest.mark.parametrize(('arrays', 'words'), [
    ({'X': np.zeros((16, 16, 3, 4), np.uint8), 'y': np.ones((4, 1))}, r'holds X \(16, 16, 3, 4\)'),
    ({'X': np.zeros((32, 32, 3, 4), np.float32), 'y': np.ones((4, 1))}, 'float32'),
    ({'X': np.zeros((32, 32, 3, 4), np.uint8), 'y': np.ones((5, 1))}, r'y \(5,\)'),
    ({'X': np.zeros((32, 32, 3, 4), np.uint8), 'y': np.array([[1], [2], [0], [3]])}, 'holds the label 0'),
    ({'X': np.zeros((32, 32, 3, 4), np.uint8), 'y': np.array([[1], [11], [2], [3]])}, 'holds the label 11'),
    ({'X': np.zeros((32, 32, 3, 4), np.uint8)}, "no variable 'y'"),
])
def test_other_files_are_refused(tmp_path, arrays, words):
    savemat(tmp_path / 'train_32x32.mat', arrays)
    with pytest.raises(BadData, match=words):
        SVHN(data_root=tmp_path).full_init()


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no SVHN in {REAL} (set MTKD_DATA_ROOT)')
def test_real_data():
    for split in ('train', 'test'):
        data = SVHN(data_root=REAL, split=split)
        counts = np.bincount(data.labels['svhn'], minlength=10)
        assert len(counts) == 10 and counts.min() > 0 and counts.argmax() == 1, 'ones are the most frequent digit'
        assert 20 < float(data.images.float().std()) < 90
