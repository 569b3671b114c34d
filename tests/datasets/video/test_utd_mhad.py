"""UTD-MHAD's file, its subjects and its actions."""

import os
from pathlib import Path

import numpy as np
import pytest

from mtkd.datasets import UTDMHAD, BadData
from mtkd.datasets.video.utd_mhad import grey

DATA = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'utd-mhad'


def write(root, **changes):
    """Two actions, 3 and 20, of all seven subjects; pixel (0, 0) of frame k has depth 100 + k, the rest is background."""
    action, subject = (part.ravel() for part in np.meshgrid([3, 20], range(1, 8)))
    clips = np.zeros((14, 16, 56, 56), np.uint8)
    clips[:, :, 0, 0] = 100 + np.arange(16)
    arrays = {'depth_clips': clips, 'action': action.astype(np.uint8), 'subject': subject.astype(np.uint8),
              'trial': np.full(14, 2, np.uint8), **changes}
    np.savez(root / 'utd_mhad.npz', **{key: value for key, value in arrays.items() if value is not None})
    (root / 'actions.csv').write_text('action,name\n' + ''.join(f'{k},name {k}\n' for k in range(27)))
    return root


def test_people_and_actions(tmp_path):
    write(tmp_path)
    train, test = (UTDMHAD(data_root=tmp_path, split=split) for split in ('train', 'test'))
    assert [entry['sample_id'] for entry in train.entries[:3]] == ['a4_s1_t2', 'a21_s1_t2', 'a4_s3_t2']
    people = [{entry['sample_id'].split('_')[1] for entry in part.entries} for part in (train, test)]
    assert len(train) == 8 and len(test) == 6 and people == [{'s1', 's3', 's5', 's7'}, {'s2', 's4', 's6'}]
    assert [int(train[k]['targets']['action']) for k in (0, 1)] == [3, 20]
    some = UTDMHAD(data_root=tmp_path, subjects=[2], actions=[20, 3], task='utd')
    assert [(e['sample_id'], e['class']) for e in some.entries] == [('a4_s2_t2', 1), ('a21_s2_t2', 0)]
    assert some.metainfo['classes'] == {'utd': ('name 20', 'name 3')} and some.metainfo['num_classes'] == {'utd': 2}


def test_depth_becomes_grey(tmp_path):
    data = UTDMHAD(data_root=write(tmp_path), split='test', frames=4)
    clip = data.load(0)['image']
    assert clip.shape == (4, 56, 56, 3) and clip.dtype == np.uint8
    assert (clip[:, 0, 0] == grey(np.array([102, 106, 110, 114]))[:, None]).all() and (clip[:, 1:] == 0).all()
    assert grey(np.array([0, 1, 90, 140, 190, 255], np.uint8)).tolist() == [0, 255, 255, 160, 64, 64]
    assert data[0]['image'].shape == (4, 3, 56, 56)


def test_mistakes_are_sentences(tmp_path):
    for wrong in ({'subjects': [8]}, {'subjects': [1, 1]}, {'subjects': []}, {'actions': [27]}):
        with pytest.raises(ValueError, match='give distinct whole numbers from'):
            UTDMHAD(**wrong)
    with pytest.raises(BadData, match=r'utd_mhad\.npz is missing'):
        len(UTDMHAD(data_root=tmp_path))
    with pytest.raises(ValueError, match="with 2 classes, the task 'action' has 27"):
        UTDMHAD(data_root=tmp_path, actions=[1, 2], num_classes={'action': 27})
    write(tmp_path, trial=None)
    with pytest.raises(BadData, match='is not what unpack.py writes .*trial'):
        len(UTDMHAD(data_root=tmp_path))
    write(tmp_path, trial=np.zeros(3, np.uint8))
    with pytest.raises(BadData, match='with an action, subject and trial each'):
        len(UTDMHAD(data_root=tmp_path))
    write(tmp_path)
    (tmp_path / 'actions.csv').write_text('action,name\n0,wave\n')
    with pytest.raises(BadData, match='names 1 actions, there are 27'):
        len(UTDMHAD(data_root=tmp_path))
    (tmp_path / 'utd_mhad.npz').write_bytes(b'PK broken')
    with pytest.raises(BadData, match='is not what unpack.py writes'):
        len(UTDMHAD(data_root=tmp_path))


@pytest.mark.skipif(not (DATA / 'utd_mhad.npz').is_file(), reason=f'no UTD-MHAD in {DATA}')
def test_the_real_file():
    train, test = (UTDMHAD(data_root=DATA, split=split) for split in ('train', 'test'))
    assert (len(train), len(test)) == (431, 323)
    assert train.CLASSES['action'][:2] == ('swipe left', 'swipe right')
    assert {entry['class'] for entry in test.entries} == set(range(27))
    clip = test.load(0)['image']
    assert 0.02 < (clip > 0).mean() < 0.6 and len(np.unique(clip)) > 30, 'a body, with shading'
    assert (clip[0] != clip[-1]).any()
