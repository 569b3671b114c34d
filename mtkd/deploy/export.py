"""Exports a student to a file that runs without mtkd: ONNX, an exported program, or a state dict, checked against eager."""

import contextlib
import importlib.util
import io
import logging
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from .. import atomic
from ..engine.checkpoint import check_fit, load, write_atomically
from ..engine.sizes import sizes_of
from ..structures import Size
from .rounding import SLACK, nudged
from .student import Student

FORMATS = {'onnx': '.onnx', 'torch_export': '.pt2', 'state_dict': '.pth'}
TOLERANCE = 1e-3  # largest difference to eager, relative to the largest value; for class ids, fraction of pixels
_OPERATOR = re.compile(r"OpOverload\(op='([^']+)'|(?:operator|op)[ '\"<]+(\w+(?:::|\.)[\w.]+)")


class UnsupportedOp(RuntimeError):
    """A format does not support an operation of the network; the message names it."""


class Deployed(nn.Module):
    """The exported module, from raw images to predictions in physical units.

    Args:
        student: network, tasks and normalisation.
    """

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.net = student.net
        self.tasks = student.tasks
        self.register_buffer('mean', student.preprocessor.mean.clone())
        self.register_buffer('std', student.preprocessor.std.clone())

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(B, 3, H, W) uint8 RGB -> one prediction per task, in the order of the tasks; maps have the size of the image."""
        taps = self.net((image.float() - self.mean) / self.std)
        size = (image.shape[-2], image.shape[-1])
        return tuple(task.predict(taps[f'{name}.out'], size) for name, task in self.tasks.items())


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked.

    Attributes:
        path: the file.
        format: one of :data:`FORMATS`, or ``'hub'`` for a folder of :mod:`~mtkd.deploy.hub`.
        input_size: (height, width) of the export.
        dynamic: the dynamic dimensions: ``'batch'``, ``'size'``.
        difference: task -> largest absolute difference to eager, over all tested images; for class ids, the fraction of
            pixels that differ.
        checked_with: the runtime of the check.
    """

    path: Path
    format: str
    input_size: Size
    dynamic: tuple[str, ...]
    difference: dict[str, float]
    checked_with: str


def export(student: Student, path: Path, format: str, size: Size | None = None, fixed_size: bool = False) -> Exported:
    """Export a student and compare the outputs of the file with those of the network.

    The file gets its final name only after the check.

    Args:
        student: result of :func:`~mtkd.deploy.student.load_student`.
        path: the output file.
        format: ``'onnx'`` (needs onnx, onnxscript and onnxruntime), ``'torch_export'`` (a ``torch.export`` program) or
            ``'state_dict'`` (the network's weights, for :class:`~mtkd.deploy.inference.MultiTaskInferencer`).
        size: (height, width) of the export; None: that of the config (:func:`usual_size`).
        fixed_size: export for that size only, without dynamic sizes; networks with windowed attention are always exported
            this way (:func:`cuts_windows`).

    Raises:
        ValueError: an unknown format, packages that are missing, an unsupported size, or a network that cannot be deployed
            (:func:`not_deployed`).
        UnsupportedOp: the network has an operation that the format does not support; the message names it.
        RuntimeError: the outputs of the file differ from those of the network; no file is written.
    """
    if format not in FORMATS:
        raise ValueError(f"format '{format}' is unknown; choose one of {', '.join(FORMATS)}.")
    if reason := not_deployed(student.net):
        raise ValueError(f'{student.cfg.filename}: {reason}.')
    size = size or usual_size(student)
    net = Deployed(student).cpu().eval()
    try_size(net, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == 'state_dict':
        return _state_dict(student, net, path, size)
    _wanted_packages(format)
    program, dynamic = _program(net, size, format, fixed_size or cuts_windows(net))
    with atomic.replacing(path) as partial:
        if format == 'onnx':
            _write_onnx(program, partial, list(student.tasks))
            run: Any = _OnnxFile(partial)
        else:
            torch.export.save(program, partial)
            run = torch.export.load(partial).module()
        difference = _compare(net, run, size, dynamic)
    return Exported(path, format, size, dynamic, difference,
                    'onnxruntime' if format == 'onnx' else 'the exported program, loaded again')


def not_deployed(net: nn.Module) -> str:
    """The reason why a network cannot be deployed, from ``not_deployed`` of one of its parts; empty if there is none."""
    return next((reason for module in net.modules() if (reason := getattr(module, 'not_deployed', ''))), '')


def usual_size(student: Student) -> Size:
    """The image size of a config's test set, otherwise of its training set; 480x640 if neither is specified."""
    return next((size for split in ('test', 'train') for size in sizes_of(student.cfg, split)), (480, 640))


def try_size(net: Deployed, size: Size) -> None:
    """Check that the network supports an image size, by running it.

    Raises:
        ValueError: the network fails; the message contains its error.
    """
    try:
        with torch.no_grad():
            net(random_picture(1, size))
    except Exception as error:
        raise ValueError(f'the network does not support images of {size[0]}x{size[1]} ({str(error).splitlines()[0]}): give '
                         f'another --size.') from error


def random_picture(batch: int, size: Size, seed: int = 0) -> Tensor:
    """(batch, 3, height, width) uint8 noise."""
    return torch.randint(0, 256, (batch, 3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def _state_dict(student: Student, net: Deployed, path: Path, size: Size) -> Exported:
    picture = random_picture(2, size)
    with torch.no_grad():
        before = net(picture)
        write_atomically({'state_dict': student.net.state_dict(),
                          'meta': {'config': str(student.cfg.filename), 'config_sha256': student.config_sha256}}, path)
        state = load(path)['state_dict']
        check_fit(student.net, state, f'the file {path}')
        student.net.load_state_dict(state)
        difference = difference_of(list(student.tasks), before, net(picture))
    return Exported(path, 'state_dict', size, ('batch', 'size'), difference, 'the weights, loaded again')


def _wanted_packages(format: str) -> None:
    missing = [name for name in ('onnx', 'onnxscript', 'onnxruntime') if importlib.util.find_spec(name) is None]
    if format == 'onnx' and missing:
        raise ValueError(f'--format onnx needs packages that are not installed: pip install {" ".join(missing)} '
                         f'(--format torch_export needs none).')


def cuts_windows(net: nn.Module) -> bool:
    """Whether a module has a ``window_size``, as in timm's Swin and MaxViT.

    They pad to complete windows, which adds a remainder of the image size at each stage. With dynamic sizes, tracing these
    nested expressions symbolically does not finish in reasonable time (Swin-T: no result after minutes; 7 s with a fixed
    size).
    """
    return any(getattr(module, 'window_size', None) is not None for module in net.modules())


def _program(net: Deployed, size: Size, format: str, fixed_size: bool) -> tuple[ExportedProgram, tuple[str, ...]]:
    """The traced network, with as many dynamic dimensions as tracing allows: batch and size, the batch, or none."""
    failure: Exception | None = None
    attempts: tuple[tuple[str, ...], ...] = (('batch', 'size'), ('batch',), ())
    for dynamic in attempts[1 if fixed_size else 0:]:
        dims = {**({0: Dim.DYNAMIC} if 'batch' in dynamic else {}),
                **({2: Dim.DYNAMIC, 3: Dim.DYNAMIC} if 'size' in dynamic else {})}
        try:
            with _quiet(), torch.no_grad():
                return torch.export.export(net, (random_picture(2, size),), dynamic_shapes=(dims,), strict=False), dynamic
        except Exception as error:  # torch.export raises various exceptions of its tracer
            failure = error
            if 'data-dependent' in str(error):  # independent of the sizes
                break
    assert failure is not None
    raise UnsupportedOp(f'{_reason(failure)}: the network cannot be traced for --format {format}; replace this part, or '
                        f'use --format state_dict.') from failure


def _write_onnx(program: ExportedProgram, path: Path, tasks: Sequence[str]) -> None:
    """Write one file that contains the weights."""
    try:
        with _quiet():
            made = torch.onnx.export(program, (), dynamo=True, input_names=['image'], output_names=list(tasks),
                                     verbose=False)
            made.save(str(path), external_data=False)
    except OSError:
        raise
    except Exception as error:  # the exporter wraps errors several times
        raise UnsupportedOp(f'{_reason(error)}: ONNX does not support it; replace this part of the network, or use --format '
                            f'torch_export.') from error


class _OnnxFile:
    """An ONNX file as a callable on the CPU."""

    def __init__(self, path: Path) -> None:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])

    def __call__(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.from_numpy(out) for out in self.session.run(None, {'image': image.numpy()}))


@torch.no_grad()
def _compare(net: Deployed, run: Any, size: Size, dynamic: Sequence[str]) -> dict[str, float]:
    """Task -> largest difference over a batch of the exported size, and another batch and size if these are dynamic.

    Raises:
        RuntimeError: a difference is larger than the tolerance.
    """
    other = (size[0] + 32, size[1] + 64) if 'size' in dynamic else size
    pictures = [random_picture(2, size, 1), *([random_picture(1, other, 2)] if dynamic else [])]
    worst: dict[str, float] = {}
    for picture in pictures:
        wanted = net(picture)
        given = tuple(run(picture))
        found = difference_of(list(net.tasks), wanted, given)
        for (task, value), eager, their in zip(found.items(), wanted, given, strict=True):
            judged = _judged(net.tasks[task].kind.name, value, eager, their)
            limit = TOLERANCE * (1.0 if eager.dtype == torch.uint8 else max(1.0, float(eager.abs().max())))
            if judged > limit:
                limit = max(limit, SLACK * _rounding(net, picture, task, eager))
            if not judged <= limit:
                raise RuntimeError(f"the outputs of the exported file differ from those of the network for task '{task}' by "
                                   f'{judged:.3g} (tolerance {limit:.3g}); no file was written.')
            worst[task] = max(value, worst.get(task, 0.0))
    return worst


def _rounding(net: Deployed, picture: Tensor, task: str, eager: Tensor) -> float:
    """The change of the output of a task if every weight changes in its last bit: a lower bound for the tolerance."""
    other = nudged(net)(picture)[list(net.tasks).index(task)]
    return _judged(net.tasks[task].kind.name, difference_of([task], [eager], [other])[task], eager, other)


def _judged(kind: str, largest: float, eager: Tensor, other: Tensor) -> float:
    """The difference to compare with the tolerance: the largest; for unit vectors, the 99.9th percentile over positions.

    The normalisation of short raw vectors amplifies rounding errors, at two positions in 10,000 for an untrained network.
    """
    if kind != 'normals' or not math.isfinite(largest):
        return largest
    places = (eager - other).abs().amax(1).flatten()
    return float(places.sort(descending=True).values[int(len(places) * TOLERANCE)])


def difference_of(tasks: Sequence[str], wanted: Sequence[Tensor], given: Sequence[Tensor]) -> dict[str, float]:
    """Task -> largest absolute difference of two outputs; for class ids, the fraction that differs.

    Args:
        tasks: names of the tasks.
        wanted: outputs of the network, one per task.
        given: the outputs to compare.

    Raises:
        RuntimeError: the shapes differ.
    """
    found = {}
    for task, eager, other in zip(tasks, wanted, given, strict=True):
        if eager.shape != other.shape:
            raise RuntimeError(f"the output of the exported file for task '{task}' has the shape {tuple(other.shape)}, that "
                               f'of the network {tuple(eager.shape)}; no file was written.')
        unequal = (eager != other).float().mean() if eager.dtype == torch.uint8 else (eager - other).abs().max()
        found[task] = float(unequal)
    return found


def _reason(error: BaseException) -> str:
    """The operation named anywhere in an exporter's chain of errors; otherwise the first line of the innermost error."""
    chain: list[BaseException] = [error]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) is not None and inner not in chain:
        chain.append(inner)
    if any('data-dependent' in str(part) for part in chain):
        return "the network has control flow that depends on values of the image (the operation 'aten.item')"
    for part in reversed(chain):
        match = _OPERATOR.search(str(part))
        if match:
            return f"the network has the operation '{match[1] or match[2]}'"
    lines = str(chain[-1]).strip().splitlines()
    return f'{type(chain[-1]).__name__}: {lines[0] if lines else "no reason given"}'


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the progress and advice of exporters; exceptions are still raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter('ignore')
            yield
    finally:
        logging.disable(before)
