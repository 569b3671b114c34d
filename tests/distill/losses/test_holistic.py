import pytest
import torch

from mtkd.distill.losses import Holistic

from .released import check, filled, leaf, mean, weight


def make() -> Holistic:
    loss = Holistic(penalty=10.0)
    loss.setup([3], [3])
    loss.double()
    critic = loss.critic
    parts = [critic.norm.weight, critic.norm.bias]
    for conv in critic.convs:
        parts += [conv.parametrizations.weight.original, conv.bias]
    for attention in critic.attentions:
        parts += [*attention.query.parameters(), *attention.key.parameters(), *attention.value.parameters(), attention.gamma]
    for j, part in enumerate([*parts, critic.last.weight, critic.last.bias]):
        part.data = weight(part.shape, 10 + j) if part.ndim > 1 else 0.3 * filled(part.shape, 10 + j)
    for conv in critic.convs:
        left, _, right = torch.linalg.svd(conv.parametrizations.weight.original.flatten(1).detach(), full_matrices=False)
        conv.parametrizations.weight[0]._u.copy_(left[:, 0])
        conv.parametrizations.weight[0]._v.copy_(right[0])
    return loss


def test_official_numbers():
    loss, student = make(), leaf((2, 3, 65, 65), 1)
    torch.manual_seed(3)
    terms = {name: mean(value) for name, value in loss(student, filled((2, 3, 65, 65), 2)).items()}
    terms['holistic'].backward(retain_graph=True)
    assert all(part.grad is None for part in loss.critic.parameters())  # the student's term only trains the student
    grad = student.grad.clone()
    terms['holistic_critic'].backward()
    assert torch.equal(student.grad, grad)  # and the critic's term only trains the critic
    loss.penalty = 0.0
    plain = mean(loss(student, filled((2, 3, 65, 65), 2))['holistic_critic'])
    check('holistic', [terms['holistic'], plain, terms['holistic_critic']],
          [grad, loss.critic.convs[0].parametrizations.weight.original.grad, loss.critic.last.weight.grad], 1e-6)


def test_maps_of_any_size_and_an_odd_width_refused():
    loss = Holistic(width=2)
    loss.setup([3], [3])
    assert mean(loss(torch.rand(2, 3, 5, 9), torch.rand(2, 3, 5, 9))['holistic_critic']).isfinite()
    with pytest.raises(ValueError, match='even'):
        Holistic(width=3)
