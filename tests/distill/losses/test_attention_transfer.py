import torch
import torch.nn.functional as F

from mtkd.distill import AttentionTransfer
from mtkd.distill.losses.attention_transfer import attention

from .cases import random_pair, run


def test_is_the_mean_squared_difference_of_unit_maps():
    student, teacher, _ = random_pair()
    teacher = torch.cat([teacher, teacher * 2], 1)
    maps = [F.normalize(x.pow(2).mean(1).flatten(1)) for x in (student, teacher)]
    torch.testing.assert_close(run(AttentionTransfer(), student, teacher)['at'], (maps[0] - maps[1]).pow(2).mean())


def test_channels_do_not_matter_nor_scale():
    _, teacher, _ = random_pair()
    assert float(run(AttentionTransfer(), 3 * teacher.flip(1), teacher)['at']) < 1e-10


def test_a_dead_feature_has_no_attention():
    assert not attention(torch.zeros(1, 3, 4)).any()
