"""Frames from videos and folders."""

import cv2
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.video import video_files
from mtkd.datasets.video.video_files import read_clip

from .videos import number_of, numbered, write_frames, write_video


@pytest.mark.parametrize('codec, suffix', [('MJPG', '.avi'), ('XVID', '.avi'), ('mp4v', '.mp4')])
def test_the_wanted_frames_of_a_video(tmp_path, codec, suffix):
    path = tmp_path / f'a{suffix}'
    write_video(path, 200, codec)
    told, wanted = [], [150, 3, 3, 199, 70]
    clip = read_clip(path, lambda count: told.append(count) or wanted)
    assert told == [200] and clip.shape == (5, 32, 64, 3)
    assert [number_of(frame) for frame in clip] == wanted, 'seeking and reading sequentially give the same frames'
    red, green, blue = clip[0, 24].mean(0)
    assert red > 180 and green < 60 and blue < 60, 'RGB, not BGR'


def test_no_more_is_decoded_than_needed(tmp_path, monkeypatch):
    write_video(tmp_path / 'a.avi', 60)
    shown = []
    convert = video_files.cv2.cvtColor
    monkeypatch.setattr(video_files.cv2, 'cvtColor', lambda *args: shown.append(1) or convert(*args))
    read_clip(tmp_path / 'a.avi', lambda count: [5, 20, 5, 40])
    assert len(shown) == 3


@pytest.mark.parametrize('name', ['{:05d}.png', 'frame{}.png'])
def test_a_folder_of_frames(tmp_path, name):
    write_frames(tmp_path / 'a', 12, name)
    (tmp_path / 'a' / 'notes.txt').touch()
    clip = read_clip(tmp_path / 'a', lambda count: [0, 2, count - 1, 2])
    assert [number_of(frame) for frame in clip] == [0, 2, 11, 2]
    assert (clip[1] == numbered(2)).all()


def test_a_header_that_promises_a_little_too_much(tmp_path, monkeypatch):
    write_video(tmp_path / 'a.avi', 57)
    monkeypatch.setattr(video_files, '_promised', lambda path: 60)
    clip = read_clip(tmp_path / 'a.avi', lambda count: [0, count - 1])
    assert [number_of(frame) for frame in clip] == [0, 56], 'selected again from the existing frames'
    monkeypatch.setattr(video_files, '_promised', lambda path: 100)
    with pytest.raises(BadData, match=r'a\.avi breaks off: of its 100 frames 57 can be decoded'):
        read_clip(tmp_path / 'a.avi', lambda count: [0, count - 1])
    assert number_of(read_clip(tmp_path / 'a.avi', lambda count: [3])[0]) == 3, 'the requested frames exist'


def test_unreadable_files_are_sentences(tmp_path):
    (tmp_path / 'a.avi').write_bytes(b'no video at all' * 100)
    with pytest.raises(BadData, match=r'a\.avi is not a readable video: replace the file'):
        read_clip(tmp_path / 'a.avi', lambda count: [0])
    (tmp_path / 'b').mkdir()
    with pytest.raises(BadData, match='b holds no frames'):
        read_clip(tmp_path / 'b', lambda count: [0])
    write_frames(tmp_path / 'c', 2)
    assert cv2.imwrite(str(tmp_path / 'c' / '00001.png'), numbered(1)[:8])
    with pytest.raises(BadData, match='differ in size'):
        read_clip(tmp_path / 'c', lambda count: [0, 1])
