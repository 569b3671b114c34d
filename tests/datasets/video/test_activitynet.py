"""ActivityNet's list and segments."""

import json

import pytest

from mtkd.datasets import ActivityNet, BadData

from .videos import number_of, write_frames, write_video

TWO = {'num_classes': {'action': 2}, 'frames': 2}


def annotated(subset, duration, *segments):
    return {'subset': subset, 'duration': duration, 'resolution': '64x32', 'url': 'https://example.org',
            'annotations': [{'label': label, 'segment': list(segment)} for label, *segment in segments]}


@pytest.fixture
def root(tmp_path):
    database = {'aaa': annotated('training', 10.0, ('Surfing', 0.0, 5.0), ('Archery', 5.0, 12.5)),
                'bbb': annotated('validation', 10.0, ('Surfing', 2.5, 7.5)),
                'ccc': annotated('testing', 10.0), 'gone': annotated('training', 10.0, ('Surfing', 1.0, 2.0))}
    (tmp_path / 'activity_net.v1-3.min.json').write_text(json.dumps({'version': 'VERSION 1.3', 'database': database}))
    write_video(tmp_path / 'videos' / 'v_aaa.mp4', 40, 'mp4v')
    write_frames(tmp_path / 'videos' / 'v_bbb', 20)
    return tmp_path


def numbers(data, index):
    return [number_of(frame) for frame in data.load(index)['image']]


def test_every_segment_is_a_sample(root):
    with pytest.warns(UserWarning, match='1 of 2 videos are not there and are left out'):
        train = ActivityNet(data_root=root, missing='skip', **TWO)
        assert len(train) == 2
    val = ActivityNet(data_root=root, split='val', **TWO)
    assert [(e['sample_id'], e['class']) for e in train.entries] == [('videos/v_aaa#0', 1), ('videos/v_aaa#1', 0)]
    assert train.CLASSES['action'] == ('Archery', 'Surfing')
    assert numbers(train, 0) == [5, 15] and numbers(train, 1) == [25, 35], 'the end beyond the video is cut off'
    assert val.entries[0]['sample_id'] == 'videos/v_bbb#0' and numbers(val, 0) == [7, 12], 'a folder of frames'


def test_mistakes_are_sentences(root):
    with pytest.raises(ValueError, match="missing='ignore' is unknown"):
        ActivityNet(data_root=root, missing='ignore')
    with pytest.raises(BadData, match=r'1 files are missing .*v_gone\.mp4'):
        len(ActivityNet(data_root=root, **TWO))
    with pytest.raises(BadData, match="names 2 classes, the task 'action' has 200"):
        len(ActivityNet(data_root=root))
    path = root / 'activity_net.v1-3.min.json'
    for text in ('[1]', '{', '{"database": {"a": {"subset": "training", "annotations": [{"label": "x"}]}}}',
                 json.dumps({'database': {'a': annotated('training', 0, ('x', 0, 1))}})):
        path.write_text(text)
        with pytest.raises(BadData, match='is no list of ActivityNet 1.3'):
            len(ActivityNet(data_root=root))
    path.unlink()
    with pytest.raises(BadData, match='is missing'):
        len(ActivityNet(data_root=root))
