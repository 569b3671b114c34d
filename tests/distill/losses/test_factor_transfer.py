import pytest
import torch

from mtkd.distill.losses import FactorTransfer

from .released import check, filled, leaf, mean, weight


def test_official_numbers():
    loss = FactorTransfer(first=0.0)
    loss.setup([4], [6])
    loss.double()
    convs = [*loss.encoder.convs, *loss.decoder.convs]
    for j, conv in enumerate(convs):  # the released decoder has transposed convolutions: kernels are flipped, axes exchanged
        shape = conv.weight.shape
        filling = weight(shape, 10 + 2 * j) if j < 3 else weight((shape[1], shape[0], 3, 3), 10 + 2 * j)
        conv.weight.data = filling if j < 3 else filling.transpose(0, 1).flip(2, 3).contiguous()
        conv.bias.data = weight(conv.bias.shape, 11 + 2 * j)
    translator = [part for conv, norm in zip(loss.translator.convs, loss.translator.norms, strict=True)
                  for part in (conv.weight, conv.bias, norm.weight, norm.bias)]
    for j, part in enumerate(translator):
        part.data = weight(part.shape, 10 + j)
    student = leaf((3, 4, 5, 4), 1)
    terms = loss(student, filled((3, 6, 5, 4), 2), progress=0.0)
    values = [mean(terms[name]) for name in loss.terms]
    sum(values).backward()
    check('ft', values, [student.grad, loss.encoder.convs[0].weight.grad, loss.translator.convs[0].weight.grad])


def test_the_paraphraser_learns_first_and_from_itself_alone():
    loss = FactorTransfer(first=0.5)
    loss.setup([4], [6])
    student, teacher = torch.rand(2, 4, 5, 5, requires_grad=True), torch.rand(2, 6, 5, 5)
    assert mean(loss(student, teacher, progress=0.4)['ft']) == 0
    mean(loss(student, teacher, progress=0.5)['ft']).backward()
    assert student.grad.any() and all(part.grad is None for part in loss.encoder.parameters())


@pytest.mark.parametrize('options', [{'first': 1.0}, {'rate': 0.0}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match='fraction of the training'):
        FactorTransfer(**options)
