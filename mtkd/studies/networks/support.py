"""Features supported by a network: torch.compile, mixed precision, data-parallel training, and the two export formats.

Each feature is tested on the network as built by its config, with random weights and synthetic scenes, in a separate
process.
"""

import importlib.util
import math
import multiprocessing
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ...deploy.export import FORMATS, export, not_deployed
from ...deploy.rounding import SLACK, nudged
from ...deploy.student import Student
from ...engine.optim import AutocastOptimWrapper
from ...models import MultiTaskModel
from ...structures import Size
from .comparators import Comparator, build_model, synthetic_batch
from .isolated import first_line, isolated

YES, NO, UNTRIED = 'yes', 'no', 'not tried'
BATCH = 2
LOSS_TOLERANCE = 0.05  # maximum relative difference of the loss under autocast from that in float32
SCALES = 16  # maximum number of loss scales in fp16, halved from 2^16 while gradients are not finite
COMPILED_TOLERANCE = 1e-2  # of outputs and gradient, relative to eager; batch norm on two images magnifies rounding errors


@dataclass(frozen=True)
class Finding:
    """Result of one trial.

    Attributes:
        state: ``'yes'``, ``'no'`` or ``'not tried'``.
        short: a remark for the table, e.g. ``'3 graph breaks'``; may be empty.
        reason: why it fails, or what is missing; may be empty.
    """

    state: str
    short: str = ''
    reason: str = ''


@dataclass(frozen=True)
class Trial:
    """Settings of a trial.

    Attributes:
        size: (height, width) of the scenes.
        seed: seed of weights and scenes.
        backend: backend of ``torch.compile``.
        seconds: time limit for one feature of one network.
    """

    size: Size = (96, 128)
    seed: int = 0
    backend: str = 'inductor'
    seconds: float = 900.0


def try_feature(feature: str, network: Comparator, trial: Trial) -> Finding:
    """Try one feature of one network; an exception is part of the finding.

    Args:
        feature: one of :data:`FEATURES`.
        network: the network.
        trial: the settings.

    Raises:
        ValueError: an unknown feature.
    """
    if feature not in FEATURES:
        raise ValueError(f"feature '{feature}' is unknown; choose one of {', '.join(FEATURES)}.")
    try:
        return isolated(_quietly, FEATURES[feature], network, trial, seconds=trial.seconds)
    except TimeoutError as error:
        return Finding(UNTRIED, reason=str(error))
    except RuntimeError as error:
        return Finding(NO, reason=str(error))


def _quietly(probe: Callable[[Comparator, Trial], Finding], network: Comparator, trial: Trial) -> Finding:
    """Run with one thread and without torch's warnings."""
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    return probe(network, trial)


# torch.compile


def _compile(network: Comparator, trial: Trial) -> Finding:
    """Compile the network, as one graph if possible, and compare outputs and gradients with eager in training mode."""
    import torch._dynamo as dynamo  # lazily: the compiler takes seconds to import
    import torch._inductor.config as inductor
    from torch._dynamo.utils import counters
    inductor.fallback_random = True  # eager's random numbers, so that dropout can be compared
    inductor.compile_threads = 1
    model = build_model(network, trial.seed)
    image = model.data_preprocessor.normalise(synthetic_batch(model, BATCH, trial.size, trial.seed)['image'])
    eager = _outputs_and_gradient(model.net, model.net, image, trial.seed)
    short, reason = 'one graph', ''
    try:
        compiled = torch.compile(model.net, backend=trial.backend, fullgraph=True)
        given = _outputs_and_gradient(compiled, model.net, image, trial.seed)
    except dynamo.exc.Unsupported as error:
        dynamo.reset()
        counters.clear()
        given = _outputs_and_gradient(torch.compile(model.net, backend=trial.backend), model.net, image, trial.seed)
        breaks = counters['graph_break']
        count, graphs = max(1, sum(breaks.values())), counters['stats'].get('unique_graphs', 0)
        short = f'{count} graph break{"s" if count > 1 else ""}'
        reason = f'{"; ".join(text.splitlines()[0] for text in breaks) or first_line(error)} ({_place(error)})'
        if not graphs:
            return Finding(NO, reason=f'no part could be compiled: {reason}')
    away, limit = _away(given, eager), COMPILED_TOLERANCE
    if away > limit:
        moved = nudged(model.net)
        limit = max(limit, SLACK * _away(_outputs_and_gradient(moved, moved, image, trial.seed), eager))
    if not away <= limit:
        return Finding(NO, reason=f'outputs or gradient differ from eager by {away:.2g} of their norm; at most '
                                  f'{limit:.2g} is allowed for rounding errors')
    return Finding(YES, short, reason)


def _away(given: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> float:
    """The larger of the distances between given and expected vectors, relative to the norm of the expected one."""
    return max(float((ours - theirs).norm() / theirs.norm().clamp_min(1e-12))
               for ours, theirs in zip(given, wanted, strict=True))


def _outputs_and_gradient(run: Callable[[Tensor], dict[str, Tensor]], net: nn.Module, image: Tensor,
                          seed: int) -> tuple[Tensor, Tensor]:
    """All tasks' outputs as one vector, and the gradient of their mean squares with respect to all parameters."""
    net.zero_grad(set_to_none=True)
    torch.manual_seed(seed)
    taps = run(image)
    outs = [tap for name, tap in taps.items() if name.endswith('.out')]
    torch.stack([out.square().mean() for out in outs]).sum().backward()
    # unused parameters (auxiliary predictions) have gradient None in eager mode, zeros in a compiled graph
    gradients = [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in net.parameters()]
    return torch.cat([out.detach().flatten() for out in outs]), torch.cat(gradients)


def _place(error: BaseException) -> str:
    """The last line of code named by a dynamo error."""
    places = re.findall(r'File "([^"]+)", line (\d+)', str(error))
    return f'first at {Path(places[-1][0]).name}:{places[-1][1]}' if places else 'place unknown'


# Mixed precision


def _bf16(network: Comparator, trial: Trial) -> Finding:
    return _autocast(network, trial, 'bf16')


def _fp16(network: Comparator, trial: Trial) -> Finding:
    return _autocast(network, trial, 'fp16')


def _autocast(network: Comparator, trial: Trial, dtype: str) -> Finding:
    """Run one step as with ``--amp``: the loss must be close to that in float32, with finite gradients."""
    model = build_model(network, trial.seed, 'cuda' if torch.cuda.is_available() else 'cpu')
    batch = synthetic_batch(model, BATCH, trial.size, trial.seed)
    torch.manual_seed(trial.seed)
    plain = float(model(**batch, mode='loss')['loss'].detach())
    wrapper = AutocastOptimWrapper(dtype=dtype, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))
    for _ in range(SCALES):
        scale = wrapper.scaler.get_scale()
        torch.manual_seed(trial.seed)
        with wrapper.optim_context(model):
            loss = model(**batch, mode='loss')['loss']
        wrapper.backward(loss)
        wrapper.scaler.unscale_(wrapper.optimizer)
        broken = [name for name, p in model.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
        wrapper.step()
        wrapper.zero_grad()
        if not broken or dtype == 'bf16':
            break
    half = float(loss.detach())
    away = abs(half - plain) / abs(plain)
    if not math.isfinite(away) or away > LOSS_TOLERANCE:
        return Finding(NO, reason=f'the loss is {half:.4g}, in float32 {plain:.4g}')
    if broken:
        return Finding(NO, reason=f'gradients are not finite: {_some(broken)}')
    return Finding(YES, f'loss {100 * away:.1g} % off' + (f', scale 2^{math.log2(scale):.0f}' if dtype == 'fp16' else ''))


# Data-parallel training


def _ddp(network: Comparator, trial: Trial) -> Finding:
    """Two gloo ranks, two steps, without find_unused_parameters: each parameter must have the same gradient on both."""
    with TemporaryDirectory() as folder:
        context = multiprocessing.get_context('fork')
        ranks = [context.Process(target=_rank, args=(rank, network, trial, folder)) for rank in range(2)]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join()
        said = [Path(folder, f'rank{rank}') for rank in range(2)]
        missing = [path.name for path in said if not path.is_file()]
        if missing:
            return Finding(NO, reason=f'the process of {missing[0]} died')
        reasons = list(dict.fromkeys(text for path in said if (text := path.read_text())))
    return Finding(NO, reason=reasons[0]) if reasons else Finding(YES)


def _rank(rank: int, network: Comparator, trial: Trial, folder: str) -> None:
    try:
        reason = _two_steps(rank, network, trial, folder)
    except Exception as error:  # DDP raises various exceptions of its reducer
        reason = first_line(error)
    Path(folder, f'rank{rank}').write_text(reason)


def _two_steps(rank: int, network: Comparator, trial: Trial, folder: str) -> str:
    """The reason of a failure; empty if there is none."""
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    model = build_model(network, trial.seed)
    batch = synthetic_batch(model, BATCH, trial.size, trial.seed + rank)
    parallel = DistributedDataParallel(model, broadcast_buffers=False, find_unused_parameters=False)
    for _ in range(2):  # unused parameters are detected in the next forward pass
        parallel.zero_grad(set_to_none=True)
        parallel(**batch, mode='loss')['loss'].backward()
        without = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
        if without:
            return f'parameters without a gradient: {_some(without)}'
    both = _gathered_gradients(model)
    dist.destroy_process_group()
    return '' if torch.equal(*both) else 'the two ranks have different gradients'


def _gathered_gradients(model: MultiTaskModel) -> list[Tensor]:
    mine = torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    both = [torch.empty_like(mine) for _ in range(2)]
    dist.all_gather(both, mine)
    return both


# Export


def _onnx(network: Comparator, trial: Trial) -> Finding:
    missing = [name for name in ('onnx', 'onnxscript', 'onnxruntime') if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(UNTRIED, reason=f'not installed: {", ".join(missing)} (requirements/optional.txt)')
    return _exported(network, trial, 'onnx')


def _torch_export(network: Comparator, trial: Trial) -> Finding:
    return _exported(network, trial, 'torch_export')


def _exported(network: Comparator, trial: Trial, format: str) -> Finding:
    """Export a file as ``mtkd export`` does, run it and compare it with eager."""
    model = build_model(network, trial.seed)
    if reason := not_deployed(model.net):
        return Finding(UNTRIED, reason=reason)
    net = _settled(model, trial).to(memory_format=torch.contiguous_format).eval()
    student = Student(net, model.tasks, model.data_preprocessor, network.cfg, network.sha256, {})
    with TemporaryDirectory() as folder:
        made = export(student, Path(folder, f'student{FORMATS[format]}'), format, trial.size)
    return Finding(YES, f'any {" and ".join(made.dynamic)}' if made.dynamic else 'one batch and size')


def _settled(model: MultiTaskModel, trial: Trial) -> nn.Module:
    """Set the running statistics from a batch of scenes: with initial ones, outputs explode or vanish."""
    norms = [m for m in model.net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.net(model.data_preprocessor.normalise(synthetic_batch(model, 2 * BATCH, trial.size, trial.seed)['image']))
    return model.net


def _some(names: list[str]) -> str:
    """The first names of a list, and the number of further ones."""
    return ', '.join(names[:3]) + (f' and {len(names) - 3} more' if len(names) > 3 else '')


FEATURES: dict[str, Callable[[Comparator, Trial], Finding]] = {
    'compile': _compile, 'bf16': _bf16, 'fp16': _fp16, 'ddp': _ddp, 'onnx': _onnx, 'torch_export': _torch_export}
