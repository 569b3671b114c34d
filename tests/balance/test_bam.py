import pytest
import torch
from torch.nn import functional as F

from mtkd.balance import BAM


def made():
    balance = BAM()
    balance.setup({'a': 2.0, 'b': 1.0}, extra=['a/kd', 'b/mse'])
    balance.begin()
    return balance


@pytest.mark.parametrize('done', [0.0, 0.25, 1.0])
def test_labels_take_over_from_teachers(done):
    balance = made()
    balance.progress(done)
    total = balance({'a/ce': torch.tensor(3.0), 'b/l2': torch.tensor(5.0)},
                    {'a/kd': torch.tensor(7.0), 'b/mse': torch.tensor(11.0), 'shared/at': torch.tensor(13.0)},
                    {'a/kd': 1.0, 'b/mse': 0.5, 'shared/at': 2.0}, {})
    assert total.item() == pytest.approx(done * (2 * 3 + 5) + (1 - done) * (7 + 5.5) + 26)


def gradient(of, at):
    return torch.autograd.grad(of, at, retain_graph=True)[0]


def test_mixed_losses_have_the_gradient_of_mixed_targets():
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 5, generator=rng, requires_grad=True)
    label, teacher = F.one_hot(torch.arange(4), 5).float(), torch.randn(4, 5, generator=rng).softmax(1)
    mixed = 0.3 * label + 0.7 * teacher
    losses = 0.3 * F.cross_entropy(logits, label) + 0.7 * F.kl_div(logits.log_softmax(1), teacher, reduction='batchmean')
    torch.testing.assert_close(gradient(losses, logits), gradient(F.cross_entropy(logits, mixed), logits))
    squares = 0.3 * F.mse_loss(logits, label) + 0.7 * F.mse_loss(logits, teacher)
    torch.testing.assert_close(gradient(squares, logits), gradient(F.mse_loss(logits, mixed), logits))


def test_every_task_needs_a_teacher():
    for extra in ((), ['a/kd', 'shared/at']):
        with pytest.raises(ValueError, match='BAM mixes .* b has none; add a link for it to model.distiller'):
            BAM().setup({'a': 1.0, 'b': 1.0}, extra=['a/kd', *extra])
    BAM().setup({'a': 1.0}, extra=['a/kd'])
    with pytest.raises(ValueError, match="include must be 'tasks'"):
        BAM(include='all')
