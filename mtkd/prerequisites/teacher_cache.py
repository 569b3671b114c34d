"""Teacher caches: content, validity, writing, and use in training."""

import copy
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import nn
from torch.utils.data import DataLoader

from ..datasets import ArrayDataset, ClipDataset, TaskDataset
from ..datasets.cached import MODES, CachedTaps, Unseen
from ..datasets.multi import leaves
from ..distill import Teacher
from ..engine.config import default_work_dir
from ..engine.job import Job, resolve
from ..engine.lock import Lock
from ..engine.prerequisite import Circumstances, Prerequisite
from ..engine.quick import flag
from ..registry import DATASETS, MODELS, PREREQUISITES, TRANSFORMS
from ..structures import FeatureStore, collate

CONFIG_KEYS = ('teacher_cache',)
COMMIT_EVERY_S = 5.0


class StaleCache(ValueError):
    """A cache does not match the run; the message says what changed."""


@dataclass(frozen=True)
class CachePlan:
    """A config's ``teacher_cache``.

    Attributes:
        mode: ``'views'``: taps of ``views`` augmented views of each sample, through which the training cycles, so that
            teacher and student receive the same image; ``'clean'``: taps of the image without augmentation, warped by the
            geometry of the augmentation (approximate).
        views: K; the view of a sample is f(seed, epoch mod K, sample).
        seed: seed of the augmentation of the views, the same for all runs that share a cache.
        folder: folder of the caches; None: ``cache`` next to the teacher's checkpoint.
        dtype: ``'float16'`` or ``'float32'``.
        clean_pipeline: transforms that resize decoded images to one size for the teacher; for ``'clean'``.
        live: train on the same K views, but run the teachers (for comparison).

    Raises:
        ValueError: an unknown mode, or no views.
    """

    mode: str = 'views'
    views: int = 1
    seed: int = 0
    folder: str | None = None
    dtype: str = 'float16'
    clean_pipeline: Sequence[Any] = ()
    live: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES or self.views < 1:
            raise ValueError(f"teacher_cache: mode is one of {', '.join(MODES)} and views is 1 or more; they are "
                             f"'{self.mode}' and {self.views}.")

    @classmethod
    def of(cls, cfg: Mapping[str, Any]) -> 'CachePlan | None':
        """The plan of a config; None if it has none.

        Raises:
            ValueError: an unknown key.
        """
        given = cfg.get('teacher_cache')
        if not given:
            return None
        known = [field.name for field in fields(cls)]
        unknown = [key for key in given if key not in known]
        if unknown:
            raise ValueError(f"teacher_cache has no '{unknown[0]}'; it has {', '.join(known)}.")
        return cls(**given)

    @property
    def rows_a_sample(self) -> int:
        """Rows of the store for each sample."""
        return self.views if self.mode == 'views' else 1


@dataclass(frozen=True)
class Part:
    """One store: one teacher on one data set.

    Attributes:
        name: name of the teacher.
        teacher: the teacher.
        taps: the taps used in training.
        dataset: the initialised data set.
        folder: folder of the store.
    """

    name: str
    teacher: Teacher
    taps: tuple[str, ...]
    dataset: TaskDataset
    folder: Path

    def __str__(self) -> str:
        return f"teacher '{self.name}' on {self.dataset.name} ({self.dataset.split})"


def parts(cfg: Config, model: nn.Module, dataset: Any, plan: CachePlan) -> list[Part]:
    """All stores of a training: each teacher or expert of the network on each data set.

    Raises:
        ValueError: there is no teacher, one cannot be cached, or the location of its cache is unknown.
    """
    found = []
    for name, (teacher, taps) in _teachers(model).items():
        if teacher.teacher_train_mode:
            raise ValueError(f"teacher '{name}' runs in train mode: its output depends on the rest of the batch and "
                             f'cannot be cached; leave teacher_cache or teacher_train_mode out.')
        for leaf in leaves(dataset):
            leaf.full_init()
            found.append(Part(name, teacher, taps, leaf, _root(cfg, plan, name) / _place(leaf, plan)))
    if not found:
        raise ValueError(f'{cfg.filename} has a teacher_cache, but no teacher or expert to cache.')
    return found


def _teachers(model: nn.Module) -> dict[str, tuple[Teacher, tuple[str, ...]]]:
    """Name -> teacher and its taps in use."""
    found: dict[str, tuple[Teacher, tuple[str, ...]]] = {}
    for name in model.net.experts:
        found[name] = (model.net.trunk.experts[name], model.net.trunk.needed_taps(name))
    for name, teacher in (model.distiller.teachers.items() if model.distiller is not None else ()):
        if teacher.cacheable and any(True for _ in teacher.net.parameters()):  # pseudo-labels have no network
            found[name] = (teacher, model.distiller.needed_taps(name))
    return found


def _place(leaf: TaskDataset, plan: CachePlan) -> str:
    """The folder name of a store, which distinguishes the caches of a teacher."""
    views = f'{plan.views}-seed{plan.seed}' if plan.mode == 'views' else ''
    return ''.join(c if c.isalnum() or c in '-_.' else '_' for c in f'{leaf.name}-{leaf.split}-{plan.mode}{views}')


def _root(cfg: Config, plan: CachePlan, name: str) -> Path:
    if plan.folder is not None:
        return Path(plan.folder) / name
    teachers = {**((cfg.model.get('distiller') or {}).get('teachers') or {}),
                **((cfg.model.net.get('trunk') or {}).get('experts') or {})}
    checkpoint = teachers[name].get('checkpoint')
    if not checkpoint:
        raise ValueError(f"teacher '{name}' has no checkpoint to put its cache beside: give teacher_cache.folder.")
    return Path(checkpoint).parent / 'cache'


def key_of(part: Part, plan: CachePlan) -> dict[str, Any]:
    """The required origin of a store, in the words of the error for stale caches."""
    entries = part.dataset.entries
    shown = [part.dataset.load(i)['image'] for i in sorted({0, len(entries) // 2, len(entries) - 1})]
    pipeline = part.dataset.pipeline if plan.mode == 'views' else plan.clean_pipeline
    return {
        'teacher weights': part.teacher.weights_hash(),
        'teacher preprocessing': _digest([part.teacher.scale.flatten().tolist(), str(part.teacher.dtype)]),
        'data set': part.dataset.name, 'split': part.dataset.split, 'samples': len(entries),
        'sample ids': _digest([str(entry['sample_id']) for entry in entries]),
        'pictures': _digest([hashlib.sha256(np.ascontiguousarray(image).data).hexdigest() for image in shown]),
        'augmentation' if plan.mode == 'views' else 'clean_pipeline': _digest([_described(t) for t in pipeline]),
        **({'frames': part.dataset.sampling} if isinstance(part.dataset, ClipDataset) else {}),
        'mode': plan.mode, **({'views': plan.views, 'seed': plan.seed} if plan.mode == 'views' else {})}


def _described(part: Any) -> Any:
    """Describe a non-JSON object by its type and content, not by its memory address."""
    if isinstance(part, Mapping):
        return dict(part)
    return [type(part).__name__, vars(part)] if hasattr(part, '__dict__') else str(part)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=_described).encode()).hexdigest()


def changes(store: FeatureStore, key: Mapping[str, Any], part: Part, plan: CachePlan) -> list[str]:
    """The differences between the origin of a store and the current state, one phrase each; empty if there are none."""
    then = {name: value for name, value in store.key.items() if name != 'picture'}
    found = [f'{name} ({_short(then.get(name))} then, {_short(key.get(name))} now)'
             for name in {**key, **then} if then.get(name) != key.get(name)]
    lacking = [tap for tap in part.taps if tap not in store.shapes]
    if lacking:
        found.append(f"taps ({', '.join(store.shapes)} then, {', '.join(part.taps)} now)")
    if store.dtype != np.dtype(plan.dtype):
        found.append(f'dtype ({store.dtype} then, {plan.dtype} now)')
    return found


def _short(value: Any) -> str:
    return value[:8] if isinstance(value, str) and len(value) == 64 else str(value)


def attach(cfg: Config, model: nn.Module, dataset: Any, plan: CachePlan) -> None:
    """Attach the teachers' caches to the training set, before the loader workers start.

    Raises:
        FileNotFoundError: a cache has not been written.
        StaleCache: it does not match; the message says what changed.
        ValueError: it is incomplete or damaged.
    """
    _fix_views(dataset, plan)
    for part in parts(cfg, model, dataset, plan) if not plan.live else ():
        command = f'mtkd cache {cfg.filename}{flag(cfg)}'
        try:
            store = FeatureStore(part.folder)
        except FileNotFoundError as error:
            raise FileNotFoundError(f'the cache of {part} has not been written ({part.folder}): run {command}, or add '
                                    f'--with-prerequisites to this command.') from error
        except ValueError as error:
            raise ValueError(f'the cache of {part} cannot be read, {command} writes it again: {error}') from error
        wrong = changes(store, key_of(part, plan), part, plan)
        if wrong:
            raise StaleCache(f'the cache of {part} in {part.folder} is stale: {"; ".join(wrong)}; write it again with '
                             f'{command}.')
        if not store.complete:
            raise ValueError(f'the cache of {part} in {part.folder} has {store.written} of {store.num_rows} rows; continue '
                             f'with {command}.')
        part.dataset.cached[part.name] = CachedTaps(store, part.taps, len(part.dataset.entries), plan.mode,
                                                    tuple(store.key['picture']))
    if not plan.live and plan.mode == 'views' and _reads_no_pictures(model):
        found = list(leaves(dataset))
        sizes = {leaf.images.shape[2:] if isinstance(leaf, ArrayDataset) else None for leaf in found}
        for leaf in found:  # the stored views are augmented; the images are not used
            leaf.pipeline = [] if len(sizes) == 1 and None not in sizes else [Unseen()]


def _reads_no_pictures(model: nn.Module) -> bool:
    """Whether a model uses only cached experts, and labels are not changed by augmentation."""
    return bool(model.net.experts) and model.distiller is None and not any(
        task.kind.spatial for task in model.tasks.values())


def _fix_views(dataset: Any, plan: CachePlan) -> None:
    """Repeat the augmentation after K draws, with the seed of the caches.

    Raises:
        ValueError: the clean mode is used for clips, whose frames differ between draws.
    """
    clips = [leaf.name for leaf in leaves(dataset) if isinstance(leaf, ClipDataset)]
    if clips and plan.mode == 'clean':
        raise ValueError(f"{clips[0]} holds clips, whose frames change from draw to draw: take teacher_cache mode='views'.")
    if plan.mode == 'views':
        for leaf in leaves(dataset):
            leaf.views, leaf.seed = plan.views, plan.seed


def write_all(cfg: Config, plan: CachePlan, say: Callable[[str], None] = print, workers: int | None = None) -> list[Path]:
    """Write all caches of a prepared config; valid ones are kept, incomplete ones are completed.

    Args:
        cfg: a prepared config, its teachers resolved.
        plan: its cache plan.
        say: callback for progress lines.
        workers: number of loader workers; None: as in the config.

    Returns:
        The stores' folders.
    """
    model = MODELS.build(cfg.model)
    model.to('cuda' if torch.cuda.is_available() else 'cpu')
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    _fix_views(dataset, plan)
    loading = {'batch_size': cfg.train_dataloader.batch_size,
               'num_workers': cfg.train_dataloader.get('num_workers', 0) if workers is None else workers}
    found = parts(cfg, model, dataset, plan)
    for part in found:
        _write(part, plan, loading, say)
    return [part.folder for part in found]


def _write(part: Part, plan: CachePlan, loading: Mapping[str, int], say: Callable[[str], None]) -> None:
    key = key_of(part, plan)
    store = _usable(part, plan, key, say)
    if store is not None and store.complete:
        say(f'{part}: the cache is there and fits ({_megabytes(store.promised_bytes)} in {part.folder})')
        return
    with Lock(part.folder.with_name(f'{part.folder.name}.lock'), f'the cache of {part} in {part.folder}',
              'it is being written there; wait for that, and run this command again.'):
        store = _usable(part, plan, key, lambda line: None)  # another process may have written it by now
        if store is None or not store.complete:
            _fill(part, plan, key, store, loading, say)


def _fill(part: Part, plan: CachePlan, key: Mapping[str, Any], store: FeatureStore | None, loading: Mapping[str, int],
          say: Callable[[str], None]) -> None:
    """Create or resume a store, and write all its rows."""
    source = _source(part, plan)
    taps = tuple(store.shapes) if store is not None else part.taps
    if store is None:
        store = _begin(part, plan, key, source, taps)
    total = len(source) * plan.rows_a_sample
    say(f'{part}: {total} rows of {store.row_bytes} bytes, {_megabytes(store.promised_bytes)} in {part.folder}'
        + (f'; going on from row {store.written}' if store.written else ''))
    progress = _Progress(part, store, say)
    keys = [divmod(row, len(source))[::-1] for row in range(store.written, total)]
    device = next(part.teacher.net.parameters()).device
    for batch in DataLoader(source, sampler=keys, collate_fn=collate, **loading):
        seen = part.teacher(batch['image'].to(device), taps)
        store.append({tap: value.float().cpu().numpy() for tap, value in seen.items()})
        progress.tick(len(batch['image']))
    store.commit()
    progress.end()


def _usable(part: Part, plan: CachePlan, key: Mapping[str, Any], say: Callable[[str], None]) -> FeatureStore | None:
    """The existing store, or None with a message on why it is not used."""
    try:
        store = FeatureStore(part.folder)
    except FileNotFoundError:
        return None
    except ValueError as error:
        say(f'{part}: written anew: {error}')
        return None
    wrong = changes(store, key, part, plan)
    if wrong:
        say(f'{part}: written anew, because it was made from something else: {"; ".join(wrong)}')
        return None
    return store


def _source(part: Part, plan: CachePlan) -> TaskDataset:
    """The images for the teacher, without caches."""
    source = copy.copy(part.dataset)
    source.cached, source.stored = {}, {}
    if plan.mode == 'clean':
        source.pipeline = [t if callable(t) else TRANSFORMS.build(dict(t)) for t in plan.clean_pipeline]
    return source


def _begin(part: Part, plan: CachePlan, key: Mapping[str, Any], source: TaskDataset, taps: Sequence[str]) -> FeatureStore:
    """Create a store, with row sizes from the first sample.

    Raises:
        OSError: there is not enough disk space.
    """
    image = source[0]['image']
    device = next(part.teacher.net.parameters()).device
    seen = part.teacher(image[None].to(device), taps)
    store = FeatureStore.create(part.folder, {**key, 'picture': list(image.shape[-2:])},
                                {tap: tuple(value.shape[1:]) for tap, value in seen.items()},
                                len(source) * plan.rows_a_sample, plan.dtype)
    free = shutil.disk_usage(part.folder).free
    if store.promised_bytes > free:
        raise OSError(f'the cache of {part} will be {_megabytes(store.promised_bytes)}, {part.folder} has room for '
                      f'{_megabytes(free)}: give another teacher_cache.folder, fewer views or fewer taps.')
    return store


class _Progress:
    """Commits and reports every few seconds."""

    def __init__(self, part: Part, store: FeatureStore, say: Callable[[str], None]) -> None:
        self.part, self.store, self.say = part, store, say
        self.begun = self.last = time.monotonic()
        self.first = self.rows = store.written

    def tick(self, rows: int) -> None:
        """Count rows that were appended."""
        self.rows += rows
        now = time.monotonic()
        if now - self.last < COMMIT_EVERY_S:
            return
        self.store.commit()
        self.last = now
        left = (now - self.begun) / (self.rows - self.first) * (self.store.num_rows - self.rows)
        self.say(f'{self.part}: {self.rows} of {self.store.num_rows} rows ({100 * self.rows // self.store.num_rows} %), '
                 f'{left:.0f} s left')

    def end(self) -> None:
        """Report the result."""
        seconds = time.monotonic() - self.begun
        size = sum(path.stat().st_size for path in self.store.folder.iterdir())
        self.say(f'{self.part}: done, {_megabytes(size)}, {self.rows - self.first} rows in {seconds:.1f} s')


def _megabytes(count: int) -> str:
    return f'{count / 1e6:.1f} MB'


@PREREQUISITES.register_module()
class TeacherCaches(Prerequisite):
    """The caches of teachers' features that a config's training reads."""

    order = 20
    keys = frozenset(CONFIG_KEYS)

    def needed(self, cfg: Config) -> bool:
        """Whether the config has a ``teacher_cache``."""
        return bool(cfg.get('teacher_cache'))

    def made(self, cfg: Config, where: Circumstances) -> bool:
        """True if teachers run live; otherwise only the teachers and data sets can tell whether a cache fits."""
        plan = CachePlan.of(cfg)
        return plan is not None and plan.live

    def make(self, cfg: Config, where: Circumstances) -> None:
        """See :func:`write_all`."""
        plan = CachePlan.of(cfg)
        assert plan is not None
        job = Job(cfg.filename, work_dir=default_work_dir(cfg.filename, where.seed), seed=where.seed,
                  data_root=where.data_root, amp=where.amp)
        write_all(job.prepared(resolve(cfg, where.seed)), plan)

    def connect(self, cfg: Config, seed: int, *, random: bool) -> Config:
        """Add the hook that opens the caches when training starts."""
        cfg = copy.deepcopy(cfg)
        cfg.custom_hooks = [{'type': 'TeacherCacheHook', **cfg.teacher_cache}, *(cfg.get('custom_hooks') or [])]
        return cfg
