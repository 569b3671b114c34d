"""``mtkd data``: the data sets that are present, how to get the others, and laying them out."""

import subprocess
import sys
import tarfile

import pytest

from .called import run


def test_the_list(monkeypatch, capsys, tmp_path):
    (tmp_path / 'svhn').mkdir()
    (tmp_path / 'svhn' / 'train_32x32.mat').touch()
    code, out, _ = run(monkeypatch, capsys, 'data', '--data-root', tmp_path)
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert code == 0 and 'missing' in lines['nyud'] and 'incomplete' in lines['svhn'] and '--fetch' in lines['svhn']


def test_one_of_them(monkeypatch, capsys, tmp_path):
    code, out, _ = run(monkeypatch, capsys, 'data', 'nyud', '--data-root', tmp_path)
    assert code == 0 and 'NYUD_MT/gt_sets/train.txt' in out and 'terms:' in out and '--from DIR' in out


def test_laying_out(monkeypatch, capsys, tmp_path):
    inside = tmp_path / 'made' / 'NYUD_MT'
    for name in ('gt_sets/train.txt', 'gt_sets/val.txt', *(f'{folder}/1.npy' for folder in (
            'images', 'segmentation', 'depth', 'normals', 'edge'))):
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_text(name)
    (tmp_path / 'downloads').mkdir()
    with tarfile.open(tmp_path / 'downloads' / 'NYUD_MT.tgz', 'w:gz') as archive:
        archive.add(inside, 'NYUD_MT')
    code, out, _ = run(monkeypatch, capsys, 'data', 'nyud', '--from', tmp_path / 'downloads', '--data-root', tmp_path / 'd')
    assert code == 0 and (tmp_path / 'd/NYUD_MT/depth/1.npy').read_text() == 'depth/1.npy'
    (tmp_path / 'd/NYUD_MT/gt_sets/val.txt').rename(tmp_path / 'gone')
    with tarfile.open(tmp_path / 'downloads' / 'NYUD_MT.tgz', 'w:gz') as archive:
        archive.add(inside / 'images', 'NYUD_MT/images')
    code, out, _ = run(monkeypatch, capsys, 'data', 'nyud', '--from', tmp_path / 'downloads', '--data-root', tmp_path / 'd')
    assert code == 1 and 'still missing' in out and 'gt_sets/val.txt' in out


@pytest.mark.parametrize(('arguments', 'words'), [
    (['nyudd'], "there is no data set 'nyudd'; did you mean nyud"),
    (['--fetch'], '--fetch and --from need the name of a data set'),
    (['nyud', '--fetch'], 'NYU Depth V2, multi-task cannot be downloaded by mtkd: get it from'),
    (['raf-db', '--from', '.'], 'mtkd knows no archive of RAF-DB'),
    (['nyud', '--from', 'nowhere'], 'none of the archives of NYU Depth V2, multi-task (NYUD_MT.tgz, NYUDv2.tar.gz)')])
def test_mistakes(monkeypatch, capsys, tmp_path, arguments, words):
    code, _, err = run(monkeypatch, capsys, 'data', *arguments, '--data-root', tmp_path)
    assert code == 2 and words in err


def test_the_list_imports_nothing_heavy():
    code = ("import sys; from mtkd.cli.main import main; main(['data']); "
            "sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'mmengine')))")
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, check=False).returncode == 0
