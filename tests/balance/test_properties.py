"""Properties of every balance."""

import copy
import io
import math
import re
import warnings
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch.nn.parallel import DistributedDataParallel

from mtkd.balance import GradientBalance, Seen
from mtkd.registry import BALANCES
from tests.distill.ranks import on_two_ranks

from .cases import CASES, DIRECTED, GRADIENT, SOLVED, TASKS, batch, gradients, model, needs_distiller, sgd, share, train


@pytest.fixture(params=CASES)
def case(request):
    return request.param


@pytest.fixture(params=GRADIENT)
def gradient_case(request):
    return request.param


def made(case, **kwargs):
    return model({**CASES[case], **kwargs}, distilled=needs_distiller(case))


def test_every_registered_balance_is_tried():
    BALANCES.import_from_location()
    own = {name for name, cls in BALANCES.module_dict.items() if cls.__module__.startswith('mtkd.')}
    assert own == {cfg['type'] for cfg in CASES.values()}


def test_every_registered_balance_has_its_equation():
    page = (Path(__file__).parents[2] / 'docs' / 'mechanisms' / 'balances.md').read_text(encoding='utf-8')
    section = page.partition('\n## Equations\n')[2].partition('\n## ')[0]
    assert set(re.findall(r'^\| `(\w+)` \| .*\$.+\$', section, re.MULTILINE)) == {cfg['type'] for cfg in CASES.values()}


def test_a_step_lowers_the_losses(case):
    trained = made(case)
    before = trained(**batch(), mode='loss')
    train(trained, 8)
    after = trained(**batch(), mode='loss')
    ratios = [after[name] / before[name] for name in before if name != 'loss' and 'kd' not in name]
    assert all(value.isfinite() for value in after.values()) and min(ratios) < 0.95


def test_the_total_is_a_scalar_with_a_gradient_for_every_parameter(case):
    trained = made(case)
    result = trained(**batch(), mode='loss')
    assert result['loss'].shape == () and result['loss'].dtype == torch.float32
    result['loss'].backward()
    for name, p in trained.named_parameters():
        assert p.grad is not None and p.grad.isfinite().all(), name


def test_the_total_is_linear_as_scaling_and_accumulation_need(case):
    once, half = (gradients(made(case), batch(), scale) for scale in (1.0, 0.5))
    for name in once:
        torch.testing.assert_close(half[name], once[name] / 2)


def test_trains_with_accumulation_and_clipping(case):
    trained = made(case)
    before = {name: p.detach().clone() for name, p in trained.named_parameters()}
    wrapper = OptimWrapper(sgd(trained), accumulative_counts=2, clip_grad={'max_norm': 0.1})
    for step in range(4):
        result = trained.train_step(batch(step), wrapper)
        assert result['loss'].isfinite()
    moved = math.sqrt(sum((p.detach() - before[name]).square().sum().item() for name, p in trained.named_parameters()
                          if 'task_weights' not in name))
    assert 0 < moved <= 0.05 * 0.1 * (1 + 1.9) + 1e-6  # two updates of clipped length, the second with momentum


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16], ids=['bf16', 'fp16'])
def test_autocast(case, dtype):
    exact = gradients(made(case), batch())
    trained = made(case)
    scale = 1024.0 if dtype == torch.float16 else 1.0
    with torch.autocast('cpu', dtype=dtype):
        loss = trained(**batch(), mode='loss')['loss']
    (scale * loss).backward()
    half = {name: p.grad / scale for name, p in trained.named_parameters()}
    assert loss.dtype == torch.float32 and all(value.isfinite().all() for value in half.values())
    choosing = ('imtlg', 'krum', 'pcd', 'aligned', 'config', *DIRECTED)
    if case not in choosing:  # these select or invert, so rounding may change the result
        flat = [torch.cat([found[name].flatten() for name in exact]) for found in (exact, half)]
        assert torch.cosine_similarity(*flat, 0) > 0.98


@pytest.mark.parametrize('include', ['tasks', 'all'])
def test_an_absent_task_is_out_of_the_step(case, include):
    if case == 'bam' and include == 'all':
        pytest.skip('BAM refuses it')
    results = []
    for garbage in (0.5, 7.0):
        trained = model({**CASES[case], 'include': include}, distilled=True)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', UserWarning)
            train(trained, 3)
            given = batch(5)
            given['present']['depth'][:] = False
            given['targets']['depth'][:] = garbage
            state = {name: value.clone() for name, value in trained.balance.named_buffers()}
            found = gradients(trained, given)
        results.append([*found.values(), *trained.balance.buffers()])
        for name, gradient in found.items():
            if 'depth' in name:
                assert not gradient.any(), name
            elif 'trunk' in name or '.heads.semseg' in name:
                assert gradient.any(), name
        index = list(trained.tasks).index('depth')
        for name, value in trained.balance.named_buffers():
            if value.ndim and value.shape[0] == len(trained.tasks):
                assert torch.equal(value[index], state[name][index]), name
        for name, p in trained.balance.named_parameters():
            assert p.grad[index] == 0, name
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_nothing_labelled_is_zero(case):
    trained = made(case)
    given = batch()
    for here in given['present'].values():
        here[:] = False
    found = gradients(trained, given)
    assert all(not gradient.any() for name, gradient in found.items() if name.startswith('net.heads')), found
    if not needs_distiller(case):
        assert all(not gradient.any() for gradient in found.values())
        assert trained(**given, mode='loss')['loss'] == 0


def test_one_task_alone_in_a_batch_keeps_the_step_going(case):
    trained = made(case)
    given = batch()
    for task in ('semseg', 'normals', 'edge'):
        given['present'][task][:] = False
    found = gradients(trained, given)
    if case != 'bam':  # whose labels have no effect initially
        assert all(gradient.any() for name, gradient in found.items() if 'trunk' in name or 'depth' in name)


def test_a_look_without_gradients_changes_nothing(case):
    trained = made(case)
    train(trained, 2)
    before = copy.deepcopy(trained.state_dict())
    with torch.no_grad():
        assert trained(**batch(), mode='loss')['loss'].isfinite()
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())


def test_a_saved_state_goes_on_bit_equal(case):
    whole, first = made(case), made(case)
    whole_optimizer, optimizer = sgd(whole), sgd(first)
    train(whole, 8, optimizer=whole_optimizer)
    train(first, 4, optimizer=optimizer)
    file = io.BytesIO()
    torch.save({'model': first.state_dict(), 'optimizer': optimizer.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    second = made(case)
    second.load_state_dict(saved['model'])
    optimizer = sgd(second)
    optimizer.load_state_dict(saved['optimizer'])
    train(second, 4, first=4, optimizer=optimizer)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


LAYER = 'trunk.backbone.second'


@pytest.fixture(scope='module')
def alone():
    """Per task: its loss and its gradients in the network and at the tap, from a separate network and pass."""
    given = batch()
    each = {}
    for task in TASKS:
        trained = model({'type': 'WeightedSum'})
        taps = trained.net(trained.data_preprocessor.normalise(given['image']))
        taps['shared'].retain_grad()
        terms = trained.task_terms(given, taps)
        loss = trained.tasks[task].weight * sum(value for name, value in terms.items() if name.startswith(f'{task}/'))
        loss.backward()
        grads = {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in trained.net.named_parameters()}
        each[task] = (loss.detach(), grads, taps['shared'].grad)
    return each


@pytest.mark.parametrize('level, heads', [('tap', 'plain'), ('tap', 'weighted'), ('params', 'plain'), ('params', 'weighted'),
                                          (f'layer:{LAYER}', 'weighted')])
@pytest.mark.parametrize('name', SOLVED)
def test_gradients_are_those_of_hand_written_passes(name, level, heads, alone):
    prefix = 'trunk' if level == 'params' else LAYER
    losses = torch.stack([loss for loss, _, _ in alone.values()])
    rows = torch.stack([tap.flatten() if level == 'tap' else
                        torch.cat([g.flatten() for key, g in grads.items() if key.startswith(prefix)])
                        for _, grads, tap in alone.values()])
    trained = model({**SOLVED[name], 'level': level, 'heads': heads})
    rows = rows.double()
    balance = copy.deepcopy(trained.balance)
    weights, of_heads = balance.weigh_both(rows @ rows.T, Seen(losses, torch.ones(4, dtype=torch.bool)))
    of_heads = weights if level.startswith('layer') else of_heads
    result = trained(**batch(), mode='loss')['loss']
    total = (of_heads * losses).sum() if heads == 'weighted' else losses.sum()
    torch.testing.assert_close(result.detach(), total, rtol=1e-3, atol=1e-4)
    result.backward()
    for key, p in trained.net.named_parameters():
        factors = weights if key.startswith('trunk') else of_heads if heads == 'weighted' else torch.ones(4)
        expected = sum(factor * grads[key] for factor, (_, grads, _) in zip(factors, alone.values(), strict=True))
        torch.testing.assert_close(p.grad, expected, rtol=2e-3, atol=2e-5, msg=lambda m, key=key: f'{key}: {m}')


def test_cost_and_level_are_stated(gradient_case):
    levels = (('tap', 0), ('params', 3), ('layer:trunk.backbone.second', 4))
    if gradient_case in DIRECTED:
        sampled = gradient_case in ('modo', 'sdmgrad')
        levels = [(level, 11 if sampled else passes) for level, passes in levels
                  if level in BALANCES.get(CASES[gradient_case]['type']).levels]
    for level, passes in levels:
        heads = {} if gradient_case.startswith('gradnorm') or gradient_case in DIRECTED else {'heads': 'weighted'}
        balance = made(gradient_case, level=level, **heads).balance
        assert isinstance(balance, GradientBalance) and balance.needs_gram
        assert balance.extra_passes(4) == passes
        assert f"level='{level}'" in repr(balance) and balance.cost in repr(balance)


def on_ranks(rank: int, ranks: int) -> dict[str, dict[str, torch.Tensor]]:
    """Two steps of every balance, with the samples distributed over the ranks."""
    results = {}
    for name in CASES:
        levels = ('tap', 'params', 'layer:trunk.backbone.second') if name in ('mgda', 'gradnorm') else \
            ('tap', 'params') if name in ('pcgrad',) else (None,)
        for level in levels:
            trained = model({**CASES[name], **({'level': level} if level else {})}, distilled=needs_distiller(name))
            state = trained.state_dict()
            wrapped = DistributedDataParallel(trained) if ranks > 1 else trained
            count = 4 * trained.balance.parts  # each rank's third of a batch is not empty
            totals = train(wrapped, 2, part=lambda given: share(given, rank, ranks), count=count)
            results[f'{name} {level}'] = {**state, 'totals': torch.tensor(totals)}
    return results


@pytest.mark.slow
def test_two_ranks_are_one_process(tmp_path):
    one = on_ranks(0, 1)
    both = on_two_ranks(on_ranks, tmp_path)
    assert set(one) == set(both[0])
    for name, state in one.items():
        for key, value in state.items():
            on_each = [rank[name][key] for rank in both]
            if key == 'totals':
                torch.testing.assert_close((on_each[0] + on_each[1]) / 2, value, rtol=2e-3, atol=1e-4, msg=f'{name} {key}')
                continue
            assert torch.equal(*on_each), (name, key)
            rtol, atol = (2e-2, 2e-3) if name.startswith('sdmgrad') else (2e-3, 2e-4)  # its inner steps amplify differences
            torch.testing.assert_close(on_each[0], value, rtol=rtol, atol=atol, equal_nan=True,
                                       msg=lambda m, n=name, k=key: f'{n} {k}: {m}')
