"""Autocast on a CPU by an optimizer wrapper, and separate settings for parts of a model."""

import pytest
import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR, PolyLR

from mtkd.engine.optim import AutocastOptimWrapper, PartsConstructor
from mtkd.engine.run import Job, train

from .toy import write_config


def wrapper(model: torch.nn.Module, **kwargs) -> AutocastOptimWrapper:
    return AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1), **kwargs)


def test_bf16_inside_float32_outside():
    model = torch.nn.Linear(4, 4)
    optim = wrapper(model)
    with optim.optim_context(model):
        out = model(torch.randn(2, 4))
    assert out.dtype == torch.bfloat16 and model.weight.dtype == torch.float32
    before = model.weight.clone()
    optim.update_params(out.float().square().mean())
    assert not torch.equal(before, model.weight)


def test_accumulation_and_clipping():
    model = torch.nn.Linear(1, 1, bias=False)
    optim = wrapper(model, accumulative_counts=2, clip_grad={'max_norm': 1e-3})
    optim.initialize_count_status(model, 0, 4)
    weights = [model.weight.item()]
    for _ in range(4):
        with optim.optim_context(model):
            value = model(torch.ones(1, 1)).float().sum()
        optim.update_params(value)
        weights.append(model.weight.item())
    assert weights[0] == weights[1] != weights[2] == weights[3] != weights[4]
    assert weights[1] - weights[2] == pytest.approx(1e-4, rel=1e-2)


def test_state_dict_round_trip():
    model = torch.nn.Linear(2, 2)
    optim = wrapper(model)
    state = optim.state_dict()
    assert 'loss_scaler' not in state
    optim.load_state_dict(state)


def test_fp16_skips_a_step_whose_gradients_overflow():
    model = torch.nn.Linear(1, 1, bias=False)
    optim = wrapper(model, dtype='fp16')
    start, scale = model.weight.item(), optim.scaler.get_scale()

    def step(factor: float) -> float:
        with optim.optim_context(model):
            out = model(torch.ones(1, 1))
        assert out.dtype == torch.float16
        optim.update_params(factor * out.float().sum())
        return model.weight.item()

    assert step(4.0) == start and optim.scaler.get_scale() == scale / 2  # 4 x 2^16 exceeds the range of fp16
    assert step(0.5) == pytest.approx(start - 0.1 * 0.5)
    state = optim.state_dict()
    again = wrapper(model, dtype='fp16')
    again.load_state_dict(state)
    assert again.scaler.get_scale() == scale / 2


def test_unknown_dtype():
    with pytest.raises(ValueError, match="'int8' is unknown"):
        wrapper(torch.nn.Linear(2, 2), dtype='int8')


class Parted(torch.nn.Module):
    """Parameters of equal value, named like the parts of a model."""

    def __init__(self) -> None:
        super().__init__()
        for name in ('net', 'distiller'):
            setattr(self, name, torch.nn.ModuleDict({
                part: torch.nn.Linear(1, 1, bias=False) for part in ('trunk', 'trunk2', 'heads')}))
        for parameter in self.parameters():
            torch.nn.init.ones_(parameter)

    def forward(self, x):
        return sum(layer(x) for part in (self.net, self.distiller) for layer in part.values())


def parted(parts, optimizer=None, **cfg):
    model = Parted()
    return model, PartsConstructor({'optimizer': optimizer or {'type': 'SGD', 'lr': 0.5}, **cfg}, {'parts': parts})(model)


def steps(model, optim, schedulers, count):
    """The change of trunk and adaptors in each of ``count`` steps with a gradient of one."""
    moved = []
    for _ in range(count):
        before = [model.net['trunk'].weight.item(), model.distiller['trunk'].weight.item()]
        with optim.optim_context(model):
            out = model(torch.ones(1, 1)).float().sum()
        optim.update_params(out)
        moved.append(tuple(a - b.weight.item() for a, b in zip(before, (model.net['trunk'], model.distiller['trunk']),
                                                               strict=True)))
        for scheduler in schedulers:
            scheduler.step()
    return moved


def halving(optim):
    return [MultiStepLR(optim, milestones=[2], gamma=0.5, by_epoch=False)]


def test_the_longest_prefix_that_fits_counts():
    model, optim = parted({'net': {'lr': 0.2}, 'net.trunk': {'lr': 0.1, 'weight_decay': 0.01},
                           'distiller.heads': {'lr': 3.0}})
    found = {id(p): (group['lr'], group['weight_decay']) for group in optim.optimizer.param_groups for p in group['params']}
    assert {name: found[id(p)] for name, p in model.named_parameters()} == {
        'net.trunk.weight': (0.1, 0.01), 'net.trunk2.weight': (0.2, 0), 'net.heads.weight': (0.2, 0),
        'distiller.trunk.weight': (0.5, 0), 'distiller.trunk2.weight': (0.5, 0), 'distiller.heads.weight': (3.0, 0)}
    assert optim.get_lr()['lr'][0] == 0.5  # the first is logged
    assert len(parted({'net': {'lr': 0.2}, 'distiller': {'lr': 3.0}})[1].optimizer.param_groups) == 2


@pytest.mark.parametrize('cfg', [{}, {'type': 'AutocastOptimWrapper', 'dtype': 'bf16'}])
def test_a_part_without_schedule_keeps_its_rate(cfg):
    """KD4MTL: the main rate is halved, that of the adaptors is not."""
    model, optim = parted({'distiller': {'lr': 0.25, 'schedule': False}}, **cfg)
    assert steps(model, optim, halving(optim), 4) == [(0.5, 0.25), (0.5, 0.25), (0.25, 0.25), (0.25, 0.25)]
    model, optim = parted({'distiller': {'lr': 0.25}}, **cfg)
    assert steps(model, optim, halving(optim), 3)[-1] == (0.25, 0.125)
    model, optim = parted({'distiller': {'schedule': False}}, **cfg)
    assert steps(model, optim, halving(optim), 3)[-1] == (0.25, 0.5)


@pytest.mark.parametrize('schedule', [PolyLR, CosineAnnealingLR, LinearLR])
def test_no_scheduler_moves_it(schedule):
    model, optim = parted({'distiller': {'lr': 0.25, 'schedule': False}})
    options = {'T_max': 4} if schedule is CosineAnnealingLR else {'end': 4}
    moved = steps(model, optim, [schedule(optim, by_epoch=False, **options)], 4)
    assert [adaptor for _, adaptor in moved] == [0.25] * 4 and len({trunk for trunk, _ in moved}) > 1


@pytest.mark.parametrize('kind', ['OptimWrapper', 'AutocastOptimWrapper'])
def test_parts_go_on_where_they_were(kind, tmp_path):
    """Saved as plain values and loaded into a new optimizer, the steps are bit-equal to uninterrupted ones."""
    parts = {'distiller': {'lr': 0.1, 'weight_decay': 5e-4, 'schedule': False}}
    adam = {'type': 'Adam', 'lr': 1e-2}
    whole, optim = parted(parts, adam, type=kind)
    wanted = steps(whole, optim, halving(optim), 5)

    model, optim = parted(parts, adam, type=kind)
    schedulers = halving(optim)
    steps(model, optim, schedulers, 3)
    torch.save({'model': model.state_dict(), 'optim': optim.state_dict(), 'schedule': schedulers[0].state_dict()},
               tmp_path / 'a.pth')
    saved = torch.load(tmp_path / 'a.pth', weights_only=True)
    model, optim = parted(parts, adam, type=kind)
    schedulers = halving(optim)
    model.load_state_dict(saved['model'])
    optim.load_state_dict(saved['optim'])
    schedulers[0].load_state_dict(saved['schedule'])
    assert steps(model, optim, schedulers, 2) == wanted[3:]
    assert optim.get_lr()['base_lr'] == [5e-3]
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), whole.parameters(), strict=True))


def test_parts_equal_optimizers_of_their_own():
    model, optim = parted({'distiller': {'lr': 0.1, 'weight_decay': 5e-4}}, {'type': 'Adam', 'lr': 1e-2})
    moved = steps(model, optim, [], 3)
    apart = Parted()
    optimizers = [torch.optim.Adam(apart.net.parameters(), lr=1e-2),
                  torch.optim.Adam(apart.distiller.parameters(), lr=0.1, weight_decay=5e-4)]
    for _ in moved:
        apart(torch.ones(1, 1)).sum().backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), apart.parameters(), strict=True))


def test_a_part_with_an_optimizer_of_another_kind():
    """SGD for the network and Adam for the searched part: equal to two separate optimizers, with any schedule of the first.
    """
    parts = {'distiller': {'type': 'Adam', 'lr': 0.1, 'schedule': False}, 'net.heads': {'lr': 0.2}}
    model, optim = parted(parts, {'type': 'SGD', 'lr': 0.01, 'momentum': 0.9})
    moved = steps(model, optim, halving(optim), 4)
    apart = Parted()
    sgd = torch.optim.SGD([{'params': list(apart.net['trunk'].parameters()) + list(apart.net['trunk2'].parameters())},
                           {'params': apart.net['heads'].parameters(), 'lr': 0.2}], lr=0.01, momentum=0.9)
    adam = torch.optim.Adam(apart.distiller.parameters(), lr=0.1)
    for i in range(len(moved)):
        apart(torch.ones(1, 1)).sum().backward()
        for optimizer in (sgd, adam):
            optimizer.step()
            optimizer.zero_grad()
        for group in sgd.param_groups:
            group['lr'] *= 0.5 if i == 1 else 1
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), apart.parameters(), strict=True))
    with pytest.raises(TypeError, match='momentum'):
        parted({'distiller': {'type': 'Adam', 'momentum': 0.9}})


def test_frozen_parameters_are_left_out():
    model = Parted()
    model.net.requires_grad_(False)
    optim = PartsConstructor({'optimizer': {'type': 'SGD', 'lr': 0.5}}, {'parts': {'distiller': {'lr': 0.1}}})(model)
    assert [len(group['params']) for group in optim.optimizer.param_groups] == [3]


@pytest.mark.parametrize('parts, said', [
    ({'distill': {'lr': 0.1}}, r"names 'distill', but no trained parameter .* begin with net\.trunk, net\.trunk2"),
    ({'net.trun': {'lr': 0.1}}, "names 'net.trun'"),
    ({'net': {'learning_rate': 0.1}}, r"parts\['net'\] has \['learning_rate'\], which SGD does not know; .*lr, momentum")])
def test_parts_that_do_not_fit(parts, said):
    with pytest.raises(ValueError, match=said):
        parted(parts)


def test_other_settings_than_parts():
    with pytest.raises(ValueError, match=r"takes parts; it was given \['norm_decay_mult'\]"):
        PartsConstructor({'optimizer': {'type': 'SGD', 'lr': 0.5}}, {'norm_decay_mult': 0})


def adaptor_config(folder, teacher):
    """The toy job with adaptors that have a separate learning rate without a schedule."""
    path = write_config(folder, name='adaptors', iters=4, interval=2, teacher=teacher)
    text = path.read_text()
    for old, new in (("dict(type='CauchySchwarz'))", "dict(type='FitNets'), student='shared', teacher='big:shared',\n"
                      "                                   projector=dict(type='Linear1x1'))"),
                     ("optim_wrapper = dict(type='OptimWrapper', ", "optim_wrapper = dict(type='OptimWrapper', "
                      "constructor='PartsConstructor', paramwise_cfg=dict(parts=dict(distiller=dict(lr=0.1, "
                      'weight_decay=5e-4, schedule=False))), '),
                     ("dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)",
                      "dict(type='MultiStepLR', milestones=[1, 3], gamma=0.1, by_epoch=False)")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    return path


@pytest.mark.slow
@pytest.mark.parametrize('amp', ['bf16', 'fp16'])
def test_a_resumed_run_is_bit_equal(tmp_path, monkeypatch, amp):
    """Through the Runner, with mixed precision."""
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work'))
    teacher = write_config(tmp_path, name='teacher', iters=1, interval=1, method='teacher')
    train(Job(str(teacher)))
    config = str(adaptor_config(tmp_path, teacher))
    whole = train(Job(config, work_dir=tmp_path / 'whole', amp=amp))
    again = train(Job(config, work_dir=tmp_path / 'again', amp=amp, resume_from=whole / 'iter_2.pth'))
    first, second = (torch.load(folder / 'iter_4.pth', weights_only=True) for folder in (whole, again))
    assert 'distiller.links.0.projector.0.weight' in first['state_dict']
    assert all(torch.equal(value, second['state_dict'][key]) for key, value in first['state_dict'].items())
    groups = first['optimizer']['param_groups']
    assert groups == second['optimizer']['param_groups'] and [group.get('fixed_lr') for group in groups] == [None, 0.1]
    assert groups[0]['lr'] == pytest.approx(5e-4)
