"""Downloading and laying out, without network access."""

import hashlib
import io
import sys
import tarfile
import types
import zipfile

import pytest
from PIL import Image

from mtkd.studies.data_sets import Archive, DataSet, named
from mtkd.studies.get_data import check_md5, fetch, lay_out, unpack


def packed(path, members):
    """A tar archive of texts."""
    with tarfile.open(path, 'w') as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def test_tar_and_zip(tmp_path):
    packed(tmp_path / 'a.tar', {'top/x/1.txt': 'one', 'top/2.txt': 'two'})
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.writestr('top/x/1.txt', 'one')
        archive.writestr('top/2.txt', 'two')
    for name in ('a.tar', 'a.zip'):
        unpack(tmp_path / name, tmp_path / name[2:], strip=1)
        made = tmp_path / name[2:]
        assert (made / 'x/1.txt').read_text() == 'one' and (made / '2.txt').read_text() == 'two'
    (tmp_path / 'tar/2.txt').write_text('mine')
    unpack(tmp_path / 'a.tar', tmp_path / 'tar', strip=1)
    assert (tmp_path / 'tar/2.txt').read_text() == 'mine', 'existing files are kept'
    assert not list(tmp_path.rglob('*.partial'))


@pytest.mark.parametrize('name', ['../out.txt', '/out.txt', 'a/../../out.txt'])
def test_nothing_is_written_outside(tmp_path, name):
    with pytest.raises(ValueError, match='a path outside the target folder'):
        unpack(packed(tmp_path / 'bad.tar', {name: 'x'}), tmp_path / 'in', strip=0)
    assert not (tmp_path / 'out.txt').exists()


def test_damage_is_said(tmp_path):
    broken = tmp_path / 'a.tgz'
    broken.write_bytes(b'no archive')
    with pytest.raises(ValueError, match=r'a\.tgz cannot be unpacked .*: it is damaged, download it again'):
        unpack(broken, tmp_path / 'in', strip=0)
    right = hashlib.md5(b'no archive').hexdigest()
    check_md5(broken, right)
    check_md5(broken, '')
    with pytest.raises(ValueError, match=f"its MD5 is {right}, that of the release is {'0' * 32}"):
        check_md5(broken, '0' * 32)


def test_a_file_of_another_name(tmp_path):
    one = DataSet('x', 'X', 'NYUDMT', 'X', ('1.txt',), 'somewhere', 'any', archives=(Archive(('x.tar',)),))
    lay_out(one, packed(tmp_path / 'renamed.tar', {'X/1.txt': 'one'}), tmp_path / 'data', lambda line: None)
    assert (tmp_path / 'data/X/1.txt').read_text() == 'one'


@pytest.fixture
def torchvision(monkeypatch):
    """A stand-in for torchvision.datasets, which downloads nothing."""
    fake = types.ModuleType('torchvision.datasets')

    class CIFAR10:
        classes = ('plane', 'car')

        def __init__(self, root, download, train):
            assert download
            self.colour = (200, 0, 0) if train else (0, 200, 0)

        def __len__(self):
            return 3

        def __getitem__(self, number):
            return Image.new('RGB', (4, 4), self.colour), number % 2

    def gone(root, download, split):
        raise RuntimeError('no network')

    fake.CIFAR10, fake.SVHN = CIFAR10, gone
    monkeypatch.setitem(sys.modules, 'torchvision.datasets', fake)


def test_fetching_puts_pictures_where_the_configs_look(torchvision, tmp_path):
    said = []
    fetch(named('cifar10'), tmp_path, said.append)
    assert sorted(path.relative_to(tmp_path / 'cifar10').as_posix() for path in tmp_path.rglob('*.png')) == [
        f'{split}/{name}.png' for split in ('test', 'train') for name in ('car/00001', 'plane/00000', 'plane/00002')]
    assert 'terms: no formal licence' in said[0]
    fetch(named('cifar10'), tmp_path, said.append)
    assert 'is already in' in said[-1]


def test_a_download_that_fails_is_one_sentence(torchvision, tmp_path):
    with pytest.raises(ValueError, match=r'downloaded \(RuntimeError: no network\): try again, or get it from ufldl'):
        fetch(named('svhn'), tmp_path)
