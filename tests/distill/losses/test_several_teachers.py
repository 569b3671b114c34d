import pytest
import torch

from mtkd.distill import PlainKD
from mtkd.distill.losses import AverageKD, SeveralTeachers

from .official import TEACHERS, check, scores


def test_official_values_and_gradients():
    check(AverageKD(), 'average')


def test_the_average_of_one_is_plain_distillation():
    own, other = scores().detach(), TEACHERS[0]
    wanted = PlainKD(tau=4.0)((own / 4).log_softmax(1), (other / 4).log_softmax(1))['kd']
    torch.testing.assert_close(AverageKD()(own.log_softmax(1), (other.log_softmax(1),))['kd_average'], wanted)


def test_a_weighting_has_to_be_written():
    class Bare(SeveralTeachers):
        terms = ('bare',)

    with pytest.raises(TypeError, match='Bare does not implement weigh'):
        Bare()(scores(), (TEACHERS[0],))
