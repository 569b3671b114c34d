import fsspec
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.own import shard_index
from mtkd.datasets.own.shard_index import default_folder, index_of, samples_of, split_name

from .shards import write_tar

FILES = [('a/x.1.png', b'picture'), ('a/x.cls', b'3'), ('a/._x.cls', b''), ('y.PNG', b'other'), ('y.txt', b'')]
LOCAL = fsspec.filesystem('file')


def index(path, texts=('cls',)):
    return index_of(LOCAL, str(path), texts, path.parent / 'index')


def test_what_a_shard_holds_and_where(tmp_path):
    write_tar(tmp_path / 'a.tar', FILES)
    table = index(tmp_path / 'a.tar')
    assert table['key'].to_pylist() == ['a/x', 'a/x', 'y', 'y'] and table['content'].to_pylist() == [b'', b'3', b'', b'']
    assert table['suffix'].to_pylist() == ['1.png', 'cls', 'png', 'txt']
    content = (tmp_path / 'a.tar').read_bytes()
    places = zip(table['start'].to_pylist(), table['size'].to_pylist(), strict=True)
    found = [content[start:][:size] for start, size in places]
    assert found == [b'picture', b'3', b'other', b'']
    of_part, firsts = samples_of(table)
    assert of_part.tolist() == [0, 0, 1, 1] and firsts.tolist() == [0, 2]


def test_it_is_kept_until_the_shard_changes(tmp_path, monkeypatch):
    path = tmp_path / 'a.tar'
    write_tar(path, FILES)
    first = index(path)
    reader = shard_index._parts
    monkeypatch.setattr(shard_index, '_parts', lambda *_: pytest.fail('read again'))
    assert index(path).equals(first)
    monkeypatch.setattr(shard_index, '_parts', reader)
    write_tar(path, [*FILES, ('z.png', b'1')])
    assert index(path).num_rows == 5
    for kept in (tmp_path / 'index').iterdir():
        kept.write_bytes(b'damaged')
    assert index(path).num_rows == 5
    assert index(path, ('cls', 'txt')).num_rows == 5, 'other contents have another index'


def test_names():
    assert split_name('a.b/c.seg.PNG') == ('a.b/c', 'seg.png') and split_name('./c.x') == ('c', 'x')
    assert split_name('./d/c') == ('d/c', '')
    assert default_folder().parts[-2:] == ('mtkd', 'shards')


@pytest.mark.parametrize(('files', 'said'), [
    ([('a.png', b''), ('b.png', b''), ('a.cls', b'')], "a.tar holds two samples with the key 'a': rename one"),
    ([('a.png', b''), ('a.png', b'')], "holds the part 'png' of the sample 'a' twice"),
    ([('readme', b'')], "holds 'readme', which has no suffix")])
def test_samples_that_cannot_be_told_apart(tmp_path, files, said):
    write_tar(tmp_path / 'a.tar', files)
    with pytest.raises(BadData, match=said):
        index(tmp_path / 'a.tar')


@pytest.mark.parametrize('length', [512 + 10, 1024, 1024 + 100, 3 * 1024])
def test_a_shard_that_breaks_off(tmp_path, length):
    """Within a part, at its end, within a header, and without only the end mark."""
    path = tmp_path / 'a.tar'
    write_tar(path, [(f'{name}.png', bytes(400)) for name in 'abc'])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(BadData, match=r'a\.tar breaks off after the sample .* copy it again'):
        index(path)


def test_what_is_no_tar(tmp_path):
    (tmp_path / 'a.tar').write_bytes(b'\x1f\x8b' + bytes(2000))
    with pytest.raises(BadData, match='is no plain .tar file'):
        index(tmp_path / 'a.tar')
    with pytest.raises(BadData, match='cannot be reached'):
        index(tmp_path / 'b.tar')
    (tmp_path / 'index').rmdir() if (tmp_path / 'index').exists() else None
    (tmp_path / 'index').write_text('a file')
    write_tar(tmp_path / 'a.tar', FILES)
    with pytest.raises(BadData, match='cannot be written to .*: name another folder with index='):
        index(tmp_path / 'a.tar')
