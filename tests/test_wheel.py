"""The wheel, in a separate environment and outside the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ('mtkd', 'configs', 'tools', 'requirements', 'pyproject.toml', 'setup.py', 'MANIFEST.in', 'LICENSE', 'README.md')


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """A wheel built from a copy of the sources."""
    pytest.importorskip('setuptools', minversion='77', reason='setuptools >= 77 builds the wheel')
    copy, out = tmp_path_factory.mktemp('sources'), tmp_path_factory.mktemp('dist')
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns('__pycache__', '.mim'))
        else:
            shutil.copy(source, copy / name)
    build = 'import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])'
    subprocess.run([sys.executable, '-c', build, str(out)], cwd=copy, check=True, capture_output=True)
    return next(out.glob('mtkd-*.whl'))


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    """Runs ``python -m mtkd ARGUMENTS`` in a second environment, in an empty folder."""
    folder = tmp_path_factory.mktemp('environment')
    venv.create(folder / 'venv', with_pip=False)
    python = folder / 'venv' / ('Scripts' if os.name == 'nt' else 'bin') / 'python'
    packages = Path(subprocess.run([python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], check=True,
                                   capture_output=True, text=True).stdout.strip())
    with zipfile.ZipFile(wheel) as content:
        content.extractall(packages)
    (packages / 'dependencies.pth').write_text(sysconfig.get_path('purelib') + '\n')  # as they are; mtkd's own comes first
    clean = {name: value for name, value in os.environ.items() if name not in ('PYTHONPATH', 'MTKD_DATA_ROOT')}
    (folder / 'empty').mkdir()

    def run(*arguments):
        done = subprocess.run([python, '-m', 'mtkd', *arguments], cwd=folder / 'empty', env=clean, capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


def test_what_is_inside(wheel):
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        about = content.read(next(name for name in names if name.endswith('METADATA'))).decode()
        commands = content.read(next(name for name in names if name.endswith('entry_points.txt'))).decode()
    assert {'mtkd/.mim/configs/kdam/swinT_from_swinL_nyud.py', 'mtkd/.mim/configs/_base_/runtime/default.py',
            'mtkd/.mim/tools/train.py', 'mtkd/.mim/requirements/runtime.txt', 'mtkd/leaderboard/published/kdam_nyud.json',
            'mtkd/leaderboard/assets/page.css', 'mtkd/models/known_weights.json'} <= set(names)
    assert not [name for name in names if name.startswith(('tests/', 'docs/', 'configs/')) or name.endswith('.pyc')]
    assert 'mtkd = mtkd.cli.main:main' in commands
    assert 'License-Expression: Apache-2.0' in about and 'Requires-Dist: mmengine' in about


def test_configs_are_found_from_anywhere(installed):
    code, out, _ = installed('configs', 'swinT', 'camvid', '--long')
    assert code == 0 and 'kdam/hrnet18_from_swinT_camvid' in out and 'teachers: baselines/mt_swinT_camvid' in out
    code, _, err = installed('train', 'kdam/swinT_from_swinLL_nyud')
    assert code == 2 and 'did you mean kdam/swinT_from_swinL_nyud' in err
    code, out, _ = installed('leaderboard', '--suite', 'kdam_nyud')
    assert code == 0 and 'KDAM' in out


@pytest.mark.slow
def test_a_smoke_run(installed):
    code, out, err = installed('train', 'quickstart/student_kdam', '--smoke', '--work-dir', 'run')
    assert code == 0, err
    assert out.rstrip().endswith('done: run')
