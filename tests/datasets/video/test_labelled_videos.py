"""Common behaviour of the listed video data sets."""

import pytest

from mtkd.datasets import BadData
from mtkd.datasets.video.labelled_videos import LabelledVideos, Video, lines, unpacked

from .videos import number_of, write_frames, write_video


class Two(LabelledVideos):
    COUNT = 2

    def listed(self):
        first, second = unpacked([self.data_root / 'a' / 'x.avi', self.data_root / 'a' / 'y.avi'])
        self.known_classes(['run', 'sit'], self.data_root / 'list.txt')
        return [Video(first, 0), Video(second, 1), Video(second, 0, (0.5, 1.0), '#1')]


def test_videos_and_folders_of_frames(tmp_path):
    write_video(tmp_path / 'a' / 'x.avi', 16)
    write_frames(tmp_path / 'a' / 'y', 16)
    data = Two(data_root=tmp_path, split='val', frames=2)
    assert [entry['sample_id'] for entry in data.entries] == ['a/x', 'a/y', 'a/y#1']
    seen = [[number_of(frame) for frame in data.load(index)['image']] for index in range(3)]
    assert seen == [[4, 12], [4, 12], [10, 14]]
    assert [int(data[index]['targets']['action']) for index in range(3)] == [0, 1, 0]
    assert data.metainfo['classes'] == {'action': ('run', 'sit')}


def test_a_missing_video_is_named(tmp_path):
    write_frames(tmp_path / 'a' / 'y', 2)
    with pytest.raises(BadData, match=r'1 files are missing .*x\.avi'):
        len(Two(data_root=tmp_path))
    with pytest.raises(BadData, match="names 2 classes, the task 'action' has 3"):
        len(Two(data_root=tmp_path, num_classes={'action': 3}))
    with pytest.raises(BadData, match='is missing: data_root must be'):
        lines(tmp_path / 'list.txt')
