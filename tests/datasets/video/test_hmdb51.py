"""HMDB-51's lists."""

import pytest

from mtkd.datasets import HMDB51, BadData

from .videos import write_frames, write_video

NAMES = ['brush_hair', *(f'class{k:02d}' for k in range(49)), 'wave']


@pytest.fixture
def root(tmp_path):
    """51 lists, of which the first and the last contain clips."""
    lists = tmp_path / 'testTrainMulti_7030_splits'
    lists.mkdir()
    for name in NAMES:
        (lists / f'{name}_test_split1.txt').write_text('')
    (lists / 'brush_hair_test_split1.txt').write_text('a_[new]_!!_brush.avi 1 \nb.avi 2 \nc.avi 0 \n')
    (lists / 'wave_test_split1.txt').write_text('w;1&2.avi 2 \n')
    for name in ('a_[new]_!!_brush', 'b', 'c'):
        write_video(tmp_path / 'hmdb51_org' / 'brush_hair' / f'{name}.avi', 6)
    write_frames(tmp_path / 'hmdb51_org' / 'wave' / 'w;1&2', 6)
    return tmp_path


def test_the_official_lists(root):
    train, test = (HMDB51(data_root=root, split=split, frames=2) for split in ('train', 'test'))
    assert len(train) == 1 and train.entries[0]['sample_id'] == 'hmdb51_org/brush_hair/a_[new]_!!_brush'
    assert train.entries[0]['class'] == 0
    assert [entry['class'] for entry in test.entries] == [0, 50], 'c.avi is in neither split'
    assert int(test[1]['targets']['action']) == 50 and test[1]['image'].shape == (2, 3, 32, 64)
    assert train.CLASSES['action'] == tuple(NAMES)


def test_mistakes_are_sentences(root):
    with pytest.raises(ValueError, match='fold=0; the official divisions'):
        HMDB51(fold=0)
    with pytest.raises(BadData, match=r'holds no lists \*_test_split2.txt'):
        len(HMDB51(data_root=root, fold=2))
    path = root / 'testTrainMulti_7030_splits' / 'wave_test_split1.txt'
    path.write_text('w.avi 3 \n')
    with pytest.raises(BadData, match=r"holds the line 'w.avi 3', a line is a file and 0, 1 or 2"):
        len(HMDB51(data_root=root))
    path.unlink()
    with pytest.raises(BadData, match="names 50 classes, the task 'action' has 51"):
        len(HMDB51(data_root=root))
