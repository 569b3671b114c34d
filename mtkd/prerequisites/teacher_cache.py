"""Teacher caches: their content and validity, how they are written, and how the training uses them."""

import copy
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from torch import nn
from torch.utils.data import DataLoader

from ..datasets import ArrayDataset, ClipDataset, TaskDataset
from ..datasets.cached import MODES, CachedTaps, Unseen
from ..datasets.multi import leaves
from ..distill import Teacher
from ..engine.config import default_work_dir
from ..engine.job import Job, resolve
from ..engine.prerequisite import Circumstances, Prerequisite
from ..engine.quick import flag
from ..registry import DATASETS, MODELS, PREREQUISITES, TRANSFORMS
from ..structures import FeatureStore, collate
from ..structures.tap_formats import tap_format
from . import cache_remote as remote
from .cache_shards import ShardOf, beginning, check_nobody_writes, own_device, writing

CONFIG_KEYS = ('teacher_cache',)
COMMIT_EVERY_S = 5.0  # seconds between two writes to disk
DOWNLOAD_PATIENCE_S = 3600.0  # for another process of this machine that downloads the cache
NO_CLASSES = frozenset({'normals', 'depth', 'edge_map'})  # kinds of tasks whose channels are no scores of classes


class StaleCache(ValueError):
    """A cache does not match the run; the message says what changed."""


@dataclass(frozen=True)
class CachePlan:
    """``teacher_cache`` of a config.

    Attributes:
        mode: ``'views'``: taps of ``views`` augmented views of each sample, through which the training cycles, so that
            teacher and student receive the same image; ``'clean'``: taps of the image without augmentation, warped by the
            geometry of the augmentation (approximate).
        views: K; the view of a sample is f(seed, epoch mod K, sample).
        seed: seed of the augmentation of the views, the same for all runs that share a cache.
        folder: folder of the caches, or an address for fsspec such as ``s3://bucket/caches``, whose files are read through
            a local copy; None: ``cache`` next to the teacher's checkpoint.
        dtype: format of the stored taps, ``'float16'``, ``'float32'``, ``'int8'`` (8 bits a value, a scale a channel) or
            ``'topk:K'`` (the K largest class scores); or patterns of taps -> format, of which the first that matches counts,
            as in ``{'semseg.out': 'topk:4', '*.out': 'int8'}``. Other taps are ``'float16'``. See
            :mod:`~mtkd.structures.tap_formats` for sizes and errors.
        clean_pipeline: transforms that resize decoded images to one size for the teacher; for ``'clean'``.
        live: train on the same K views, but run the teachers (for comparison).

    Raises:
        ValueError: an unknown mode or format, or no views.
    """

    mode: str = 'views'
    views: int = 1
    seed: int = 0
    folder: str | None = None
    dtype: str | Mapping[str, str] = 'float16'
    clean_pipeline: Sequence[Any] = ()
    live: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES or self.views < 1:
            raise ValueError(f"teacher_cache: mode must be one of {', '.join(MODES)} and views 1 or more; they are "
                             f"'{self.mode}' and {self.views}.")
        for name in self.dtype.values() if isinstance(self.dtype, Mapping) else [self.dtype]:
            try:
                tap_format(name)
            except ValueError as error:
                raise ValueError(f'teacher_cache.dtype: {error}') from error

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
            raise ValueError(f"teacher_cache has no key '{unknown[0]}'; its keys are {', '.join(known)}.")
        return cls(**given)

    @property
    def rows_a_sample(self) -> int:
        """Number of rows in the store for each sample."""
        return self.views if self.mode == 'views' else 1

    def formats(self, taps: Sequence[str]) -> dict[str, str]:
        """Tap -> its format."""
        if isinstance(self.dtype, str):
            return dict.fromkeys(taps, self.dtype)
        return {tap: next((name for pattern, name in self.dtype.items() if fnmatchcase(tap, pattern)), 'float16')
                for tap in taps}


@dataclass(frozen=True)
class Part:
    """One store: one teacher on one data set.

    Attributes:
        name: name of the teacher.
        teacher: the teacher.
        taps: the taps used in training.
        dataset: the initialised data set.
        folder: folder of the store; of its local copy, if it has an address.
        address: address of a store on another file system.
    """

    name: str
    teacher: Teacher
    taps: tuple[str, ...]
    dataset: TaskDataset
    folder: Path
    address: str | None = None

    @property
    def where(self) -> str:
        """The address or the folder, for messages."""
        return self.address or str(self.folder)

    def __str__(self) -> str:
        return f"teacher '{self.name}' on {self.dataset.name} ({self.dataset.split})"


def parts(cfg: Config, model: nn.Module, dataset: Any, plan: CachePlan) -> list[Part]:
    """All stores of a training: each teacher or expert of the network on each data set.

    Raises:
        ValueError: there is no teacher, one cannot be cached, the location of its cache is unknown, or a format does not fit
            its taps.
    """
    found = []
    for name, (teacher, taps) in _teachers(model).items():
        if teacher.teacher_train_mode:
            raise ValueError(f"teacher '{name}' runs in train mode: its output depends on the rest of the batch and "
                             f'cannot be cached; leave teacher_cache or teacher_train_mode out.')
        for leaf in leaves(dataset):
            leaf.full_init()
            place = _place(leaf, plan)
            if plan.folder is not None and remote.is_remote(plan.folder):
                address = f'{plan.folder.rstrip("/")}/{name}/{place}'
                found.append(Part(name, teacher, taps, leaf, remote.local_copy(address), address))
            else:
                found.append(Part(name, teacher, taps, leaf, _root(cfg, plan, name) / place))
    if not found:
        raise ValueError(f'{cfg.filename} has a teacher_cache, but no teacher or expert to cache.')
    _check_formats(model, found, plan)
    return found


def _check_formats(model: nn.Module, found: Sequence[Part], plan: CachePlan) -> None:
    """Refuse patterns that match no tap, and the largest scores of outputs that are not classes."""
    taps = sorted({tap for part in found for tap in part.taps})
    for pattern in plan.dtype if isinstance(plan.dtype, Mapping) else ():
        if not any(fnmatchcase(tap, pattern) for tap in taps):
            raise ValueError(f"teacher_cache.dtype: '{pattern}' matches none of the cached taps ({', '.join(taps)}): "
                             f'correct it, or leave it out.')
    for tap, name in plan.formats(taps).items():
        task, _, part = tap.rpartition('.')
        classes = part == 'out' and (task not in model.tasks or model.tasks[task].kind.name not in NO_CLASSES)
        if name.startswith('topk') and not classes:
            raise ValueError(f"teacher_cache.dtype: {name} stores the largest scores of classes, '{tap}' is not an output "
                             f'of classes: store it as int8 or float16.')


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
        return Path(plan.folder.removeprefix(remote.LOCAL)) / name
    teachers = {**((cfg.model.get('distiller') or {}).get('teachers') or {}),
                **((cfg.model.net.get('trunk') or {}).get('experts') or {})}
    checkpoint = teachers[name].get('checkpoint')
    if not checkpoint:
        raise ValueError(f"teacher '{name}' has no checkpoint, next to which its cache would be stored: give "
                         f'teacher_cache.folder.')
    return Path(checkpoint).parent / 'cache'


def key_of(part: Part, plan: CachePlan) -> dict[str, Any]:
    """The required origin of a store; its keys are used in the error message for stale caches."""
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
    now = {tap: name for tap, name in plan.formats(part.taps).items() if tap in store.formats}
    before = {tap: store.formats[tap] for tap in now}
    if before != now:
        found.append(f'dtype ({_named(before, now)} then, {_named(now, before)} now)')
    return found


def _named(formats: Mapping[str, str], others: Mapping[str, str]) -> str:
    """Formats in a few words: one name, or the taps that differ."""
    if len(set(formats.values())) == 1:
        return next(iter(formats.values()))
    return ', '.join(f'{tap} {name}' for tap, name in formats.items() if name != others[tap])


def _short(value: Any) -> str:
    return value[:8] if isinstance(value, str) and len(value) == 64 else str(value)


def attach(cfg: Config, model: nn.Module, dataset: Any, plan: CachePlan) -> None:
    """Attach the teachers' caches to the training set, before the loader workers start.

    Raises:
        FileNotFoundError: a cache has not been written.
        StaleCache: a cache does not match the run; the message says what changed.
        ValueError: a cache is incomplete or damaged, or see :func:`parts`.
    """
    _fix_views(dataset, plan)
    for part in parts(cfg, model, dataset, plan) if not plan.live else ():
        command = f'mtkd cache {cfg.filename}{flag(cfg)}'
        _pull(part)
        try:
            store = FeatureStore(part.folder)
        except FileNotFoundError as error:
            raise FileNotFoundError(f'the cache of {part} has not been written ({part.where}): run {command}, or add '
                                    f'--with-prerequisites to this command.') from error
        except ValueError as error:
            raise ValueError(f'the cache of {part} cannot be read, write it again with {command}: {error}') from error
        wrong = changes(store, key_of(part, plan), part, plan)
        if wrong:
            raise StaleCache(f'the cache of {part} in {part.where} is stale: {"; ".join(wrong)}; write it again with '
                             f'{command}.')
        if not store.complete:
            raise ValueError(f'the cache of {part} in {part.where} has {store.written} of {store.num_rows} rows'
                             f'{_missing(store)}; continue with {command}.')
        part.dataset.cached[part.name] = CachedTaps(store, part.taps, len(part.dataset.entries), plan.mode,
                                                    tuple(store.key['picture']))
    if not plan.live and plan.mode == 'views' and _reads_no_pictures(model):
        found = list(leaves(dataset))
        sizes = {leaf.images.shape[2:] if isinstance(leaf, ArrayDataset) else None for leaf in found}
        for leaf in found:  # the stored views are augmented; the images are not used
            leaf.pipeline = [] if len(sizes) == 1 and None not in sizes else [Unseen()]


def _pull(part: Part) -> None:
    """Bring the local copy of a store with an address up to date; one process of a machine at a time."""
    if part.address is not None:
        with beginning(part.folder, f'the cache of {part} in {part.folder}', DOWNLOAD_PATIENCE_S):
            remote.pull(part.address, part.folder)


def _missing(store: FeatureStore) -> str:
    """The incomplete shards of a store that several processes write, in words."""
    count = len(store.shards)
    lacking = [f'{number}/{count}' for number, shard in enumerate(store.shards) if not shard.complete]
    return '' if count == 1 else f' ({"shard" if len(lacking) == 1 else "shards"} {", ".join(lacking)} missing)'


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
        raise ValueError(f"{clips[0]} contains clips, whose frames differ between draws: set teacher_cache.mode='views'.")
    if plan.mode == 'views':
        for leaf in leaves(dataset):
            leaf.views, leaf.seed = plan.views, plan.seed


def write_all(cfg: Config, plan: CachePlan, say: Callable[[str], None] = print, workers: int | None = None,
              shard: ShardOf | None = None) -> list[Path]:
    """Write all caches of a prepared config; valid ones are kept, incomplete ones are completed.

    Args:
        cfg: a prepared config with resolved teachers.
        plan: its cache plan.
        say: callback for progress lines.
        workers: number of loader workers; None: as in the config.
        shard: write only these rows of each cache, while other processes write the others; None: all rows.

    Returns:
        The folders of the stores.

    Raises:
        Busy: another process is writing the same rows.
        OSError: there is not enough disk space.
        ValueError: see :func:`parts`; or a shard does not fit the cache that other processes have started (nothing is
            deleted).
    """
    model = MODELS.build(cfg.model)
    model.to(own_device(shard))
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    _fix_views(dataset, plan)
    loading = {'batch_size': cfg.train_dataloader.batch_size,
               'num_workers': cfg.train_dataloader.get('num_workers', 0) if workers is None else workers}
    found = parts(cfg, model, dataset, plan)
    for part in found:
        _write(part, plan, loading, say, shard)
    return [part.folder for part in found]


def _write(part: Part, plan: CachePlan, loading: Mapping[str, int], say: Callable[[str], None],
           shard: ShardOf | None) -> None:
    key = key_of(part, plan)
    _pull(part)
    store = _usable(part, plan, key, say, shard)
    if store is not None and store.complete:
        say(f'{part}: the cache exists and is valid ({_megabytes(store.promised_bytes)} in {part.where})')
        if part.address is not None:
            remote.begin(part.address, part.folder)
            for complete in store.shards:
                remote.push(part.address, complete)
        return
    with ExitStack() as held:
        mine = _join(part, plan, key, shard, held)
        if part.address is not None:
            remote.begin(part.address, part.folder)  # also shows early whether it can be written
        for number in mine:
            _fill(part, plan, number, loading, say)
            if part.address is not None:
                remote.push(part.address, FeatureStore(part.folder, check=False).shards[number])


def _join(part: Part, plan: CachePlan, key: Mapping[str, Any], shard: ShardOf | None, held: ExitStack) -> list[int]:
    """Create the store if it does not exist, and lock the shards to write.

    Args:
        part: the store.
        plan: the cache plan.
        key: the required origin.
        shard: the shard of this process; None: all that are incomplete.
        held: receives the locks.

    Returns:
        Numbers of the shards to write.
    """
    what = f'the cache of {part} in {part.folder}'
    with beginning(part.folder, what):
        store = _usable(part, plan, key, lambda line: None, shard)  # another process may have begun it by now
        if store is None:
            check_nobody_writes(part.folder, what)
            store = _begin(part, plan, key, 1 if shard is None else shard.count)
        count = len(store.shards)
        mine = [number for number in range(count) if shard is None or number == shard.index]
        for number in mine:
            if not store.shards[number].complete:
                held.enter_context(writing(part.folder, number, count, what))
        return mine


def _fill(part: Part, plan: CachePlan, number: int, loading: Mapping[str, int], say: Callable[[str], None]) -> None:
    """Write the rows that a shard lacks."""
    source, store = _source(part, plan), FeatureStore(part.folder)
    shard, taps = store.shards[number], tuple(store.shapes)
    name = f'{part}, shard {number}/{len(store.shards)}' if len(store.shards) > 1 else str(part)
    if shard.complete:
        say(f'{name}: all {shard.num_rows} rows exist already')
        return
    say(f'{name}: {shard.num_rows} rows of {store.row_bytes} bytes, {_megabytes(shard.num_rows * store.row_bytes)} in '
        f'{part.folder}' + (f'; continuing from row {shard.written}' if shard.written else ''))
    progress = _Progress(name, store, number, say)
    rows = range(shard.first + shard.written, shard.first + shard.num_rows)
    keys = [divmod(row, len(source))[::-1] for row in rows]
    device = next(part.teacher.net.parameters()).device
    for batch in DataLoader(source, sampler=keys, collate_fn=collate, **loading):
        seen = part.teacher(batch['image'].to(device), taps)
        store.append({tap: value.float().cpu().numpy() for tap, value in seen.items()}, number)
        progress.tick(len(batch['image']))
    store.commit(number)
    progress.end()


def _usable(part: Part, plan: CachePlan, key: Mapping[str, Any], say: Callable[[str], None],
            shard: ShardOf | None) -> FeatureStore | None:
    """The existing store; None if there is none, or if it cannot be used, with a message about the reason.

    Raises:
        ValueError: the store does not fit the shard of this process and may contain rows of other processes.
    """
    try:
        store = FeatureStore(part.folder)
    except FileNotFoundError:
        return None
    except ValueError as error:
        if shard is not None:
            raise
        say(f'{part}: the cache is written again: {error}')
        return None
    wrong = changes(store, key, part, plan)
    if wrong and shard is None:
        say(f'{part}: the cache is written again, because it is outdated: {"; ".join(wrong)}')
        return None
    if wrong and shard is not None:
        raise StaleCache(f'--shard {shard}: the cache of {part} in {part.where} does not match: {"; ".join(wrong)}; use '
                         f'the same config, teacher and data for all shards, or delete the folder if it is outdated and '
                         f'start all shards again.')
    if shard is not None and shard.count != len(store.shards) and not store.complete:
        count = len(store.shards)
        raise ValueError(f'--shard {shard}: the cache of {part} in {part.where} was started with {count} shards and is not '
                         f'complete: give --shard I/{count}, or leave --shard out to write the rest in one process.')
    return store


def _source(part: Part, plan: CachePlan) -> TaskDataset:
    """The images for the teacher, without caches."""
    source = copy.copy(part.dataset)
    source.cached, source.stored = {}, {}
    if plan.mode == 'clean':
        source.pipeline = [t if callable(t) else TRANSFORMS.build(dict(t)) for t in plan.clean_pipeline]
    return source


def _begin(part: Part, plan: CachePlan, key: Mapping[str, Any], shards: int) -> FeatureStore:
    """Create a store, with row sizes from the first sample.

    Raises:
        OSError: there is not enough disk space.
        ValueError: a tap does not fit its format, there are more shards than rows, or images differ in size.
    """
    source = _source(part, plan)
    image = source[0]['image']
    for index in (len(source) // 2, len(source) - 1):
        if (other := source[index]['image'].shape) != image.shape:
            cure = 'crop, pad or resize them in the pipeline of the data set'
            if plan.mode == 'clean':
                cure = "set teacher_cache.clean_pipeline=[dict(type='Resize', size=(height, width))]"
            raise ValueError(f'the images of {part} differ in size ({tuple(image.shape)} and {tuple(other)}), but all rows '
                             f'of a cache have one size: {cure}.')
    device = next(part.teacher.net.parameters()).device
    seen = part.teacher(image[None].to(device), part.taps)
    store = FeatureStore.create(part.folder, {**key, 'picture': list(image.shape[-2:])},
                                {tap: tuple(value.shape[1:]) for tap, value in seen.items()},
                                len(source) * plan.rows_a_sample, plan.formats(part.taps), shards)
    free = shutil.disk_usage(part.folder).free
    if store.promised_bytes > free:
        raise OSError(f'the cache of {part} needs {_megabytes(store.promised_bytes)}, but {part.folder} has only '
                      f'{_megabytes(free)} free: give another teacher_cache.folder, fewer views or fewer taps.')
    return store


class _Progress:
    """Commits and reports every few seconds."""

    def __init__(self, name: str, store: FeatureStore, number: int, say: Callable[[str], None]) -> None:
        self.name, self.store, self.number, self.say = name, store, number, say
        self.shard = store.shards[number]
        self.begun = self.last = time.monotonic()
        self.first = self.rows = self.shard.written

    def tick(self, rows: int) -> None:
        """Count rows that were appended."""
        self.rows += rows
        now = time.monotonic()
        if now - self.last < COMMIT_EVERY_S:
            return
        self.store.commit(self.number)
        self.last = now
        total = self.shard.num_rows
        left = (now - self.begun) / (self.rows - self.first) * (total - self.rows)
        self.say(f'{self.name}: {self.rows} of {total} rows ({100 * self.rows // total} %), {left:.0f} s left')

    def end(self) -> None:
        """Report the result."""
        seconds = time.monotonic() - self.begun
        size = sum(path.stat().st_size for path in (self.shard.rows, self.shard.progress))
        self.say(f'{self.name}: done, {_megabytes(size)}, {self.rows - self.first} rows in {seconds:.1f} s')


def _megabytes(count: int) -> str:
    return f'{count / 1e6:.1f} MB'


@PREREQUISITES.register_module()
class TeacherCaches(Prerequisite):
    """The caches of teacher features that the training of a config uses."""

    order = 20
    keys = frozenset(CONFIG_KEYS)

    def needed(self, cfg: Config) -> bool:
        """Whether the config has a ``teacher_cache``."""
        return bool(cfg.get('teacher_cache'))

    def made(self, cfg: Config, where: Circumstances) -> bool:
        """True if the teachers run live; otherwise False, since checking a cache requires the teachers and data sets."""
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
