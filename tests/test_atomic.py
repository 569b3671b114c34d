"""Files are complete or absent, whatever happens while they are written."""

import errno
import os
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest
import torch

from mtkd import atomic


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / 'new' / 'a.json'
    atomic.write_text(path, 'one')
    with atomic.replacing(path) as partial:
        partial.write_text('two')
        assert path.read_text() == 'one' and partial.suffix == '.json'
    assert path.read_text() == 'two' and [p.name for p in path.parent.iterdir()] == ['a.json']


@pytest.mark.parametrize('error', [ValueError('no'), KeyboardInterrupt(), OSError(errno.EIO, 'bad disk')])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / 'a'
    atomic.write_bytes(path, b'old')
    with pytest.raises(type(error)), atomic.replacing(path) as partial:
        partial.write_bytes(b'half')
        raise error
    assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('number', [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_file_need_and_free_space(tmp_path, monkeypatch, number):
    path = tmp_path / 'page.html'
    atomic.write_text(path, 'old')
    monkeypatch.setattr(atomic.shutil, 'disk_usage', lambda _: namedtuple('U', 'total used free')(10, 10, 2_500_000))
    said = r'page\.html was not written: it needs 4 bytes, and .* has 2\.5 MB free'
    with pytest.raises(atomic.DiskFull, match=said), atomic.replacing(path) as partial:
        partial.write_bytes(b'half')
        raise OSError(number, 'No space left on device')
    assert path.read_text() == 'old' and list(tmp_path.iterdir()) == [path]


def test_too_little_room_is_seen_before_writing(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.shutil, 'disk_usage', lambda _: namedtuple('U', 'total used free')(10, 10, 3))
    with pytest.raises(atomic.DiskFull, match='it needs 8 bytes, and .* has 3 bytes free'):
        atomic.write_bytes(tmp_path / 'a', b'12345678')
    assert not list(tmp_path.iterdir())


def test_the_failure_of_torchs_writer_is_recognised(tmp_path):
    class Full:
        """A file on a full disk."""

        def write(self, _):
            raise OSError(errno.ENOSPC, 'No space left on device')

        def flush(self):
            pass

    with pytest.raises((OSError, RuntimeError)) as caught, atomic.replacing(tmp_path / 'a.pth'):
        torch.save({'a': torch.zeros(1000)}, Full())
    assert isinstance(caught.value, atomic.DiskFull), caught.value


def test_pictures(tmp_path):
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[..., 0] = 255
    atomic.write_picture(tmp_path / 'a.png', picture)
    import cv2
    assert (cv2.imread(str(tmp_path / 'a.png'))[..., ::-1] == picture).all()
    with pytest.raises((ValueError, cv2.error)):
        atomic.write_picture(tmp_path / 'a.nothing', picture)
    assert [p.name for p in tmp_path.iterdir()] == ['a.png']


def test_what_killed_processes_left_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, '-c', ''])
    ended.wait()
    mine, theirs = tmp_path / f'.partial-{os.getpid()}-0-a', tmp_path / f'.partial-{ended.pid}-3-b.pth'
    mine.touch(), theirs.touch()
    assert atomic.remove_partial_files(tmp_path) == [theirs]
    assert list(tmp_path.iterdir()) == [mine]


def test_sizes():
    assert [atomic.size_text(n) for n in (5, 1500, 2_500_000, 3 * 10 ** 9)] == ['5 bytes', '1.5 kB', '2.5 MB', '3.0 GB']
