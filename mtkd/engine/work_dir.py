"""Ownership of a work dir: exclusive access, checkpoints to resume from, and conflicting runs."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import atomic
from .checkpoint import FINAL, load, newest_resumable, numbered_checkpoints
from .identity import Identity, differences, in_words
from .lock import Lock
from .trackers import IDS

LOCK = 'run.lock'
MADE_BY_A_RUN = (FINAL, 'iter_*.pth', 'validations.json', 'genotype.json', 'lr_range.json', 'results*.json', 'conflicts.png',
                 'vis_data')


class UsedFolder(ValueError):
    """A work dir contains another run; the message says what to do."""


def lock(folder: Path) -> Lock | None:
    """Lock a work dir for this run; of several ranks, only the first does so.

    Returns:
        The lock; None on other ranks than the first.

    Raises:
        Busy: another run is using it.
    """
    if first_rank():
        return Lock(folder / LOCK, f'the work dir {folder}', 'wait for it, or give this run another --work-dir.')
    return None


def first_rank() -> bool:
    """Whether this process is the first rank of a run, before the process group is formed."""
    return all(int(os.environ.get(name) or 0) == 0 for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'))


def is_used(folder: Path) -> bool:
    """Whether a work dir contains the weights of a run."""
    return (folder / FINAL).is_file() or bool(numbered_checkpoints(folder))


def refuse_used(folder: Path, overwrite: bool, smoke: bool) -> None:
    """Check that a work dir contains no other run, or one that may be removed.

    Args:
        folder: the work dir.
        overwrite: whether the other run may be removed.
        smoke: whether the new run is a smoke run, which may replace another smoke run.

    Raises:
        UsedFolder: there is another run that must not be removed.
    """
    if not is_used(folder):
        return
    meta = _meta(folder)
    trial = smoke and (Identity.read(meta) or Identity('', '', 0, None, False, False, 1)).smoke
    if not overwrite and not trial:
        raise UsedFolder(f'the work dir {folder} already contains a run ({_described(folder, meta)}): continue it with '
                         f'--resume, give another --work-dir, or remove it with --overwrite.')


def clear(folder: Path) -> None:
    """Remove the files of a previous run in a work dir, after :func:`refuse_used`."""
    if first_rank():
        (folder / IDS).unlink(missing_ok=True)  # a new run also starts new runs in its trackers
    if is_used(folder) and first_rank():
        print(f'{folder}: the previous run is removed ({_described(folder, _meta(folder))})', flush=True)
        for pattern in MADE_BY_A_RUN:
            for path in folder.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def checkpoint_to_resume(folder: Path, now: Identity, source: Path | None, take_config: bool,
                         overwrite: bool) -> Path | None:
    """Find the checkpoint to resume from, and check that it belongs to the run.

    Args:
        folder: the work dir.
        now: the run.
        source: the checkpoint given by the user; None: the newest valid one of the work dir.
        take_config: resume with the config even if the run of the checkpoint differs.
        overwrite: remove checkpoints of later iterations in the work dir.

    Returns:
        The checkpoint; None if there is nothing to resume.

    Raises:
        UsedFolder: the checkpoint or the work dir belongs to another run; the message lists the differences.
        FileNotFoundError: the named checkpoint does not exist.
        ValueError: it cannot be loaded, or is not a resumable checkpoint.
    """
    named = source is not None
    if source is None:
        source, broken = newest_resumable(folder)
        for path in broken:
            print(f'{path} cannot be loaded and is skipped', flush=True)
        if source is None and (folder / FINAL).is_file():
            raise UsedFolder(f'{folder} contains a finished run ({FINAL}) and no iter_N.pth to continue from: give another '
                             f'--work-dir, or train again with --overwrite.')
        if source is None:
            return None
    content = load(source)
    if 'optimizer' not in content:
        raise ValueError(f'{source} contains only weights, so that a run cannot be resumed from it: give an iter_N.pth.')
    meta = content.get('meta', {})
    found = differences(meta, now)
    if found and not take_config:
        raise UsedFolder(f'{source} belongs to another run than the requested one: {in_words(found)}. Give the settings of '
                         f'that run or another --work-dir, or add --take-config to continue with the current config.')
    if named:
        _check_neighbours(folder, source, int(meta.get('iter', 0)), now, overwrite, take_config)
    if found:
        print(f'resuming with the current config: {in_words(found)}', flush=True)
    return source


def _check_neighbours(folder: Path, source: Path, iteration: int, now: Identity, overwrite: bool, take_config: bool) -> None:
    """Check that the work dir of a run resumed from a given checkpoint contains no other run and no later checkpoint."""
    if not is_used(folder):
        return
    others = [path for path in numbered_checkpoints(folder) if path.resolve() != source.resolve()]
    later = [path for path in others if int(path.stem.removeprefix('iter_')) > iteration]
    same = not differences(_meta(folder), now) or take_config
    if same and not later:
        return
    if not overwrite:
        why = f'has later checkpoints of this run ({later[0].name})' if same else \
            f'contains another run ({_described(folder, _meta(folder))})'
        raise UsedFolder(f'the work dir {folder} {why}: give another --work-dir to continue from {source}, or remove them '
                         f'with --overwrite.')
    if first_rank():
        for path in [*(later if same else others), folder / FINAL]:
            if path.resolve() != source.resolve():
                path.unlink(missing_ok=True)


def _meta(folder: Path) -> Mapping[str, Any]:
    """``meta`` of the newest loadable checkpoint of a work dir."""
    for path in (*numbered_checkpoints(folder), folder / FINAL):
        try:
            return load(path).get('meta', {})
        except (ValueError, FileNotFoundError):
            continue
    return {}


def _described(folder: Path, meta: Mapping[str, Any]) -> str:
    state = 'finished' if (folder / FINAL).is_file() else 'unfinished'
    return f'{state}, seed {meta.get("seed", "unknown")}, iteration {meta.get("iter", "unknown")}'


def remove_leftovers(folder: Path) -> None:
    """Remove incomplete files of killed runs; the lock ensures that no other process is writing."""
    for path in atomic.remove_partial_files(folder):
        print(f'{path} was left by a killed run and is removed', flush=True)
