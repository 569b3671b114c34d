"""Cost of a training step of a network relative to a baseline, and its memory."""

import ctypes
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...engine.cost import count_macs, count_parameters
from ...models import MultiTaskModel
from ...structures import Batch, Size
from .comparators import Comparator, build_model, synthetic_batch
from .isolated import isolated

CLOCKS: dict[str, Callable[[], float]] = {'cpu': time.process_time, 'wall': time.perf_counter}
RESIDENT, ALLOCATED = 'resident size', 'CUDA allocator'
M_MMAP_THRESHOLD = -3  # of mallopt(3)


@dataclass(frozen=True)
class Setting:
    """Conditions of a cost measurement.

    Attributes:
        size: (height, width) of the scenes.
        batch_size: scenes per step.
        device: ``'cpu'`` or ``'cuda'``.
        threads: number of threads of torch.
        clock: ``'cpu'``, processor time of the process with all its threads (which excludes other processes, except for
            their effect on caches), or ``'wall'``, which is required for CUDA.
        steps: timed steps of each network.
        seed: seed of weights and scenes.

    Raises:
        ValueError: an unknown clock, the processor clock with CUDA, or a number below 1.
    """

    size: Size = (114, 154)
    batch_size: int = 4
    device: str = 'cpu'
    threads: int = 1
    clock: str = 'cpu'
    steps: int = 11
    seed: int = 0

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise ValueError(f"clock '{self.clock}' is unknown; choose cpu or wall.")
        if self.device == 'cuda' and self.clock == 'cpu':
            raise ValueError('the processor only launches the CUDA kernels: measure with the wall clock.')
        if min(*self.size, self.batch_size, self.threads, self.steps) < 1:
            raise ValueError(f'size {self.size[0]}x{self.size[1]}, batch {self.batch_size}, {self.threads} threads, '
                             f'{self.steps} steps: each must be 1 or more.')


@dataclass(frozen=True)
class StepTimes:
    """Step times of a network, alternating with those of the baseline.

    Attributes:
        seconds: median step of the network.
        baseline: median step of the baseline.
        ratio: median over all pairs of steps of the ratio of network to baseline.
        spread: first and third quartile of these ratios.
    """

    seconds: float
    baseline: float
    ratio: float
    spread: tuple[float, float]


@dataclass(frozen=True)
class Weight:
    """Parameters, operations and memory of a network.

    Attributes:
        params: number of parameters.
        macs: multiply-accumulates of one image, see :mod:`mtkd.engine.cost`.
        kept: bytes saved by the forward pass for the backward pass: all distinct storages saved by autograd, without those
            of parameters.
        peak: peak bytes of a step in addition to those before it: the allocations for activations and gradients, without
            weights and optimiser state.
        peak_of: source of ``peak``: :data:`RESIDENT`, the size of the process, or :data:`ALLOCATED`.
    """

    params: int
    macs: int
    kept: int
    peak: int
    peak_of: str


def step_times(network: Comparator, baseline: Comparator, setting: Setting, seconds: float = 1800.0) -> StepTimes:
    """Time alternating steps of two networks in one process, so that other load affects both.

    A step is the forward, all losses, the backward and an AdamW update, in float32, on the same batch of scenes each time.

    Raises:
        RuntimeError: a step of one of the networks fails; the message is that of the error.
        TimeoutError: it took longer than ``seconds``.
    """
    return isolated(_alternate, network, baseline, setting, seconds=seconds)


def weigh(network: Comparator, setting: Setting, seconds: float = 600.0) -> Weight:
    """Measure the parameters, operations and memory of a network, in a separate process.

    Raises:
        RuntimeError: a step of the network fails; the message is that of the error.
        TimeoutError: it took longer than ``seconds``.
    """
    return isolated(_weigh, network, setting, seconds=seconds)


class TrainingStep:
    """A repeatable training step.

    Args:
        network: the network.
        setting: the conditions.
    """

    def __init__(self, network: Comparator, setting: Setting) -> None:
        self.model = build_model(network, setting.seed, setting.device)
        self.batch: Batch = synthetic_batch(self.model, setting.batch_size, setting.size, setting.seed)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4)

    def __call__(self) -> None:
        """Run forward pass, losses, backward pass and update."""
        self.optimizer.zero_grad(set_to_none=True)
        self.model(**self.batch, mode='loss')['loss'].backward()
        self.optimizer.step()


def alternate(first: Callable[[], object], second: Callable[[], object], count: int, clock: str,
              settle: Callable[[], object] | None = None) -> StepTimes:
    """Time two functions alternately, ``count`` times each, after one untimed call; ratios are second to first.

    Args:
        first: the baseline.
        second: the compared function.
        count: number of pairs.
        clock: one of :data:`CLOCKS`.
        settle: synchronises asynchronous devices.
    """
    now, times = CLOCKS[clock], []
    for _ in range(count + 1):
        pair = []
        for run in (first, second):
            start = now()
            run()
            if settle is not None:
                settle()
            pair.append(now() - start)
        times.append(pair)
    ours = [pair[1] for pair in times[1:]]
    theirs = [pair[0] for pair in times[1:]]
    ratios = [b / a for a, b in zip(theirs, ours, strict=True)]
    quartiles = statistics.quantiles(ratios, n=4, method='inclusive') if count > 1 else [ratios[0]] * 3
    return StepTimes(statistics.median(ours), statistics.median(theirs), statistics.median(ratios),
                     (quartiles[0], quartiles[2]))


def kept_for_backward(model: MultiTaskModel, batch: Batch) -> int:
    """Bytes saved by the forward pass for the backward pass: distinct storages saved by autograd, without parameters."""
    known = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor  # keeps it alive, so that its address is not reused
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        total = model(**batch, mode='loss')['loss']
    size = sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in known)
    del total
    return size


def _alternate(network: Comparator, baseline: Comparator, setting: Setting) -> StepTimes:
    torch.set_num_threads(setting.threads)
    settle = torch.cuda.synchronize if setting.device == 'cuda' else None
    return alternate(TrainingStep(baseline, setting), TrainingStep(network, setting), setting.steps, setting.clock, settle)


def _weigh(network: Comparator, setting: Setting) -> Weight:
    torch.set_num_threads(setting.threads)
    with suppress(OSError, AttributeError):  # Linux: otherwise freed memory stays in the process and hides peaks
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 16)
    step = TrainingStep(network, setting)
    step()  # allocates library workspaces and optimiser state
    peak = _peak_on_cuda(step) if setting.device == 'cuda' else _peak_on_cpu(step)
    return Weight(count_parameters(step.model.net), count_macs(step.model.net, setting.size),
                  kept_for_backward(step.model, step.batch), peak, ALLOCATED if setting.device == 'cuda' else RESIDENT)


def _peak_on_cuda(step: TrainingStep) -> int:
    step.optimizer.zero_grad(set_to_none=True)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step()
    return torch.cuda.max_memory_allocated() - before


def _peak_on_cpu(step: TrainingStep) -> int:
    """From /proc on Linux: the peak resident size of a step minus that before it."""
    step.optimizer.zero_grad(set_to_none=True)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # returns memory freed by the previous step
    Path('/proc/self/clear_refs').write_text('5')  # resets the peak size to the current size
    before = _resident('VmRSS')
    step()
    return _resident('VmHWM') - before


def _resident(name: str) -> int:
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
