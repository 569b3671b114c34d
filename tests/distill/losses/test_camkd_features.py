import pytest
import torch
from torch import nn

from mtkd.distill.losses import CAMKD, CAMKDFeatures
from mtkd.models.heads import FCNHead, LinearHead

from .released import check, filled, leaf, mean, weight


class Pooled(nn.Linear):
    def forward(self, feature):
        return super().forward(feature.mean((2, 3)))


def teacher_net(head):
    return nn.ModuleDict({'heads': nn.ModuleDict({'digit': head})})


def test_official_numbers():
    loss = CAMKDFeatures('heads.digit')
    loss.setup([5], [6, 7])
    loss.double().train()
    heads = [Pooled(6, 4).double(), Pooled(7, 4).double()]
    for m, (embed, head) in enumerate(zip(loss.embeds, heads, strict=True)):
        embed.conv.weight.data = weight((6 + m, 5, 1, 1), 10 + m)
        embed.norm.weight.data, embed.norm.bias.data = weight((6 + m,), 20 + m), filled((6 + m,), 30 + m, 0.2)
        head.weight.data, head.bias.data = filled((4, 6 + m), 40 + m), filled((4,), 50 + m)
    loss.inspect([teacher_net(head) for head in heads])
    student = leaf((3, 5, 2, 2), 1)
    terms = loss(student, (filled((3, 6, 2, 2), 2), filled((3, 7, 2, 2), 3)), target=torch.tensor([0, 3, 2]))
    value = mean(terms['camkd_features'])
    value.backward()
    check('camkd_features', [value], [student.grad, loss.embeds[0].conv.weight.grad, loss.embeds[1].norm.weight.grad])


def test_a_teacher_is_weighed_pixel_by_pixel():
    torch.manual_seed(0)
    loss = CAMKDFeatures('heads.digit')
    loss.setup([3], [4, 4])
    heads = [FCNHead(2, 5, channels=4), FCNHead(2, 5, channels=4)]
    loss.inspect([teacher_net(head) for head in heads])
    student, teachers = torch.randn(2, 3, 4, 6), (torch.randn(2, 4, 4, 6), torch.randn(2, 4, 4, 6))
    target, mask = torch.randint(5, (2, 4, 6)), torch.rand(2, 4, 6) > 0.3
    made = [embed.eval()(student, mask) for embed in loss.embeds]
    views = [head.predict(ours).log_softmax(1).flatten(2) for head, ours in zip(heads, made, strict=True)]
    weights = CAMKD().weigh(views[0], views, None, target=target)
    apart = torch.stack([(a - b).square().mean(1).flatten(1) for a, b in zip(made, teachers, strict=True)])
    total, count = loss(student, teachers, mask, target=target)['camkd_features']
    torch.testing.assert_close(total, ((weights * apart).sum(0) * mask.flatten(1)).sum(1))
    assert torch.equal(count, mask.flatten(1).sum(1))


def test_the_classifier_of_a_vector_is_not_trained_by_the_loss():
    loss = CAMKDFeatures('heads.digit')
    loss.setup([3], [4, 6])
    heads = [LinearHead(4, 5).requires_grad_(False), LinearHead(6, 5).requires_grad_(False)]
    loss.inspect([teacher_net(head) for head in heads])
    assert not any('logits' in name for name, _ in loss.named_parameters())
    student = torch.randn(8, 3, requires_grad=True)
    total, count = loss(student, (torch.randn(8, 4), torch.randn(8, 6)), target=torch.arange(8) % 5)['camkd_features']
    assert total.shape == (8,) and count.sum() == 8
    total.sum().backward()
    assert student.grad.any()


def test_what_does_not_fit_is_said():
    loss = CAMKDFeatures('heads.letter')
    loss.setup([3], [4])
    with pytest.raises(ValueError, match="teacher has no module 'heads.letter'"):
        loss.inspect([teacher_net(LinearHead(4, 5))])
    loss = CAMKDFeatures('heads.digit')
    loss.setup([3], [4])
    loss.inspect([teacher_net(FCNHead(2, 5, channels=4))])
    with pytest.raises(ValueError, match=r"'heads.digit' of teacher 0 returns \(2, 5, 4, 6\), but the labels are \(2,\)"):
        loss(torch.randn(2, 3, 4, 6), (torch.randn(2, 4, 4, 6),), target=torch.tensor([0, 1]))
