"""Errors, absent tasks, and paths that bypass the tap."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from mtkd.balance import MGDA, GradientBalance, PCGrad
from mtkd.models import MultiTaskModel, MultiTaskNet

from .cases import TASKS, batch, gradients, model


class Equal(GradientBalance):
    """Weights 2, 4, 6, …, all different, so that the test shows where each is applied."""

    def solve(self, gram, tasks, values):
        self.asked = gram, tasks, values
        return 2.0 * (tasks + 1.0)


def test_what_can_be_refused_without_a_network():
    for kwargs, sentence in (({'level': 'layers'}, "no level='layers'; choose 'tap', 'params' or 'layer:<module>'"),
                             ({'heads': 'own'}, "heads='own' is unknown; choose 'weighted' or 'plain'"),
                             ({'level': 'layer:x', 'heads': 'plain'}, "use heads='weighted', or level='tap' or 'params'")):
        with pytest.raises(ValueError, match=sentence):
            Equal(**kwargs)
    with pytest.raises(ValueError, match='needs the network'):
        Equal(level='params').setup({'a': 1.0, 'b': 1.0})


@pytest.mark.parametrize('kwargs, sentence', [
    ({'tap': 'shard'}, "the net has no tap 'shard'; nearest: shared"),
    ({'tap': 'depth.feat'}, "only task 'depth' uses the tap 'depth.feat'"),
    ({'level': 'layer:trunk.backbone.secnd', 'heads': 'weighted'}, 'no layer .*nearest: trunk.backbone.second'),
    ({'level': 'layer:trunk.neck', 'heads': 'weighted'}, "the layer 'trunk.neck' has no trainable parameter")])
def test_a_place_that_is_not_there_is_refused_when_the_model_is_built(kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        model(Equal(**kwargs))


def test_one_task_and_a_frozen_trunk_are_refused():
    with pytest.raises(ValueError, match="MGDA needs two or more tasks, but there is only depth"):
        model({'type': 'MGDA'}, tasks={'depth': TASKS['depth']})
    frozen = model({'type': 'WeightedSum'}).net
    frozen.trunk.requires_grad_(False)
    with pytest.raises(ValueError, match='all its parameters are frozen'):
        MultiTaskModel(net=frozen, tasks=TASKS, balance={'type': 'MGDA'})


class PerTask(nn.Module):
    """A trunk that computes a feature per task from a shared one, as MTAN does."""

    def __init__(self, trunk, tasks):
        super().__init__()
        self.common = trunk
        self.own = nn.ModuleDict({task: nn.Conv2d(10, 10, 1) for task in tasks})
        self.tap_specs = {f'{task}.in': trunk.tap_specs['shared'] for task in tasks}

    def forward(self, image):
        shared = self.common(image)['shared']
        return {f'{task}.in': own(shared) for task, own in self.own.items()}


def per_task(balance):
    net = model({'type': 'WeightedSum'}).net
    net = MultiTaskNet(PerTask(net.trunk, TASKS), dict(net.heads), dict.fromkeys(TASKS, 1))
    return MultiTaskModel(net=net, tasks=copy.deepcopy(TASKS), balance=balance)


def test_a_trunk_of_task_features_has_no_common_tap():
    with pytest.raises(ValueError, match=r"tasks do not all pass through one tap; use level='params' or 'layer:<module>'"):
        per_task({'type': 'MGDA'})


def test_parts_of_a_single_task_inside_the_trunk_are_not_shared():
    made = per_task(Equal(level='params'))
    plain = per_task({'type': 'WeightedSum'})
    plain.load_state_dict(made.state_dict())
    found, sums = gradients(made, batch()), gradients(plain, batch())
    for name in found:
        if 'own' in name or 'heads' in name:
            torch.testing.assert_close(found[name], sums[name])
    common = sum(p.numel() for name, p in made.net.named_parameters() if '.common.' in name)
    assert made.balance._take([loss * 1 for loss in losses_of(made)], {}, 1.0, False)[0].rows.shape == (4, common)


def losses_of(made, taps=None):
    taps = made(**batch()) if taps is None else taps
    return list(made.task_terms(batch(), taps).values())


def test_absent_tasks_and_zero_gradients_are_left_out():
    made = model(Equal())
    given = batch()
    given['present']['depth'][:] = False
    given['targets']['semseg'][:] = 255  # labelled, but without a valid pixel
    made(**given, mode='loss')
    gram, tasks, values = made.balance.asked
    assert tasks.tolist() == [2, 3] and gram.shape == (2, 2) and (values > 0).all() and gram.dtype == np.float64


def test_mgda_is_not_captured_by_an_absent_task():
    given = batch()
    given['present']['depth'][:] = False
    found = gradients(model({'type': 'MGDA'}), given)
    assert all(gradient.any() for name, gradient in found.items() if 'trunk' in name)


def test_a_gramian_that_is_not_finite_makes_the_step_nan():
    made = model({'type': 'MGDA'})
    made.net.heads['depth'].logits.weight.data.fill_(float('inf'))
    assert made(**batch(), mode='loss')['loss'].isnan()


@pytest.mark.parametrize('level', ['tap', 'params', 'layer:trunk.backbone.second'])
def test_a_term_that_does_not_pass_the_place_keeps_its_weight(level):
    made = model(Equal(level=level, heads='weighted', include='all'), distilled=True)
    name = 'semseg/mid'
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        made(**batch(), mode='loss')
        result = made(**batch(), mode='loss')
    about = [str(w.message) for w in said if 'has no gradient at' in str(w.message)]
    factors = {task: 2.0 * (i + 1) for i, task in enumerate(TASKS)}
    weights, tasks = made.distiller.term_weights, made.tasks
    passing = level == 'params'
    assert len(about) == (0 if passing else 1) and all(name in sentence for sentence in about)
    expected = sum(factors[task] * (tasks[task].weight * sum(v for n, v in result.items() if n.startswith(f'{task}/')
                                                             and n not in weights)
                                    + weights[f'{task}/kd'] * result[f'{task}/kd']) for task in TASKS)
    expected = expected + weights['shared/at'] * result['shared/at']
    expected = expected + weights[name] * result[name] * (factors['semseg'] if passing else 1.0)
    torch.testing.assert_close(result['loss'].detach(), expected)


def test_included_terms_train_their_projectors_with_or_without_the_weights():
    reference = gradients(model({'type': 'WeightedSum', 'include': 'all'}, distilled=True), batch())
    for level in ('tap', 'params'):
        for heads in ('plain', 'weighted'):
            made = model(Equal(level=level, heads=heads, include='all'), distilled=True)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore', UserWarning)
                found = gradients(made, batch())
            for i, task in enumerate(TASKS):
                factor = 1 if heads == 'plain' else 2.0 * (i + 1)
                for name in found:
                    if f'projectors.{task}' in name or f'heads.{task}' in name:
                        torch.testing.assert_close(found[name], factor * reference[name], rtol=1e-4, atol=1e-6)


def test_a_task_that_goes_around_the_tap_is_refused():
    made = model(Equal(tap='shared'))
    taps = made(**batch())
    around = taps['trunk.0'].mean()
    losses = losses_of(made, taps)
    with pytest.raises(ValueError, match="task 'semseg' bypasses the tap 'shared'; use level='params'"):
        made.balance.total([losses[0] + around, *losses[1:]], taps)
    with pytest.raises(ValueError, match="the loss of task 'depth' does not depend on the tap 'shared'"):
        made.balance.total([losses[0], made.net.heads['depth'].logits.weight.sum(), *losses[2:]], taps)


def test_shared_parts_after_the_tap_feel_the_weights():
    made = model(Equal(heads='plain'))
    after = nn.Conv2d(10, 10, 1)
    made.net.trunk.after = after
    made.balance._shared.extend(after.parameters())
    weights = torch.tensor([2.0, 4.0, 6.0, 8.0])

    def losses():
        taps = made.net.trunk(made.data_preprocessor.normalise(batch()['image']))
        feature = after(taps['shared'])
        outs = {f'{task}.out': head.predict(head.feature(feature)) for task, head in made.net.heads.items()}
        return list(made.task_terms(batch(), outs).values()), taps

    found, taps = losses()
    made.balance.total(found, taps).backward()
    got = [p.grad.clone() for p in after.parameters()], made.net.heads['edge'].logits.weight.grad.clone()
    made.zero_grad()
    again, _ = losses()
    (torch.stack(again) * weights).sum().backward()
    for gradient, p in zip(got[0], after.parameters(), strict=True):
        torch.testing.assert_close(gradient, p.grad, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(got[1] * 8, made.net.heads['edge'].logits.weight.grad, rtol=1e-4, atol=1e-6)


def test_the_graph_is_kept_for_what_is_added_to_the_total():
    for level in ('tap', 'params', 'layer:trunk.backbone.second'):
        made = model(Equal(level=level, heads='weighted'), distilled=True)
        found = gradients(made, batch())
        alone = gradients(model(Equal(level=level, heads='weighted')), batch())
        assert all(not torch.equal(found[name], alone[name]) for name in alone if 'trunk' in name)
        assert all(found[name].any() for name in found if 'projectors' in name)


def test_draws_depend_on_seed_and_step_alone():
    made = PCGrad(seed=5)
    made.begin(seed=1)
    first = made.generator(3).random()
    assert first == made.generator(3).random() and first != made.generator(4).random()
    runs = PCGrad()
    runs.begin(seed=5)
    assert runs.generator(3).random() == first


def test_the_step_is_counted_on_the_host_and_goes_on_from_a_checkpoint():
    made = PCGrad()
    assert [made.next_step() for _ in range(3)] == [0, 1, 2] and made.step == 3
    again = PCGrad()
    again.load_state_dict(made.state_dict())
    assert again.next_step() == 3 and again.step == 4


def test_a_method_has_to_solve():
    with pytest.raises(TypeError, match='GradientBalance does not implement solve'):
        GradientBalance().solve(np.eye(2), np.arange(2), np.ones(2))


def test_parts_that_were_compiled_can_be_passed_through_more_than_once():
    for level in ('tap', 'params'):
        plain, compiled = (model({'type': 'MGDA', 'level': level}) for _ in range(2))
        compiled.net.trunk.compile(backend='aot_eager')
        for head in compiled.net.heads.values():
            for part in head.children():
                part.compile(backend='aot_eager')
        expected, found = gradients(plain, batch()), gradients(compiled, batch())
        for name in expected:
            torch.testing.assert_close(found[name], expected[name], rtol=1e-3, atol=1e-5)
    assert isinstance(plain.balance, MGDA)


def own_loop(seed: int = 0, around: bool = False):
    """A trunk, heads, the feature between them and one loss per task."""
    rng = torch.Generator().manual_seed(seed)
    trunk, heads = nn.Linear(3, 4), {'a': nn.Linear(4, 2), 'b': nn.Linear(4, 2)}
    feature = trunk(torch.randn(5, 3, generator=rng))
    losses = {name: (head(feature) - torch.randn(5, 2, generator=rng)).square().mean() for name, head in heads.items()}
    if around:
        losses['a'] = losses['a'] + trunk.weight.square().sum()
    return trunk, heads, feature, losses


def test_a_feature_is_enough_in_ones_own_loop():
    trunk, heads, feature, losses = own_loop()
    a, b = (torch.autograd.grad(loss, feature, retain_graph=True)[0].double().flatten() for loss in losses.values())
    share = float((((b - a) @ b) / (a - b).square().sum()).clamp(0, 1))  # of a, Sener & Koltun's closed form for two
    expected = torch.autograd.grad(share * losses['a'] + (1 - share) * losses['b'], trunk.weight, retain_graph=True)[0]
    total = MGDA()(losses, at=feature)
    total.backward()
    torch.testing.assert_close(trunk.weight.grad, expected, rtol=1e-4, atol=1e-6)
    assert all(head.weight.grad.any() for head in heads.values())


def test_in_ones_own_loop_the_feature_is_named_and_passed():
    _, _, feature, losses = own_loop()
    with pytest.raises(ValueError, match=r'MGDA takes gradients at a feature .* balance\(losses, at=feature\)'):
        MGDA()(losses)
    with pytest.raises(ValueError, match="level='params' takes gradients at parameters"):
        MGDA(level='params')(losses, at=feature)
    with pytest.raises(ValueError, match="task 'a' bypasses"):
        _, _, feature, losses = own_loop(around=True)
        MGDA()(losses, at=feature)
    with torch.no_grad():
        assert torch.equal(MGDA()(losses), losses['a'] + losses['b'])
