import pytest
import torch

from mtkd.models.backbones import MMoETrunk
from mtkd.models.blocks.experts import Expert, check_expert_trunk, own_experts_of

BACKBONE = {'type': 'TimmBackbone', 'name': 'test_resnet'}


def test_an_expert_gives_a_vector_or_a_map():
    expert = Expert(BACKBONE)
    assert expert(torch.randn(2, 3, 64, 64)).shape == (2, expert.channels) and expert.stride == 0
    wide = Expert(BACKBONE, {'type': 'ConcatNeck'})
    assert wide(torch.randn(2, 3, 64, 64)).shape == (2, wide.channels, 64 // wide.stride, 64 // wide.stride)


def test_a_neck_with_a_feature_per_task_is_refused():
    with pytest.raises(ValueError, match='computes one feature for all tasks, but PADNetNeck computes one per task'):
        Expert(BACKBONE, {'type': 'PADNetNeck', 'out_channels': {'a': 1, 'b': 1}})


def test_tasks_and_a_backbone_are_needed():
    trunk = MMoETrunk.__new__(MMoETrunk)
    with pytest.raises(ValueError, match='MMoETrunk makes a feature per task and was given no tasks'):
        check_expert_trunk(trunk, (), BACKBONE)
    with pytest.raises(ValueError, match='MMoETrunk needs the backbone of its experts'):
        check_expert_trunk(trunk, ('a',), None)


def test_numbers_of_own_experts():
    trunk = MMoETrunk.__new__(MMoETrunk)
    assert own_experts_of(trunk, ('a', 'b'), 2) == {'a': 2, 'b': 2}
    assert own_experts_of(trunk, ('a', 'b'), {'a': 1, 'b': 3}) == {'a': 1, 'b': 3}
    for wrong in (0, {'a': 1}, {'a': 1, 'b': 1, 'c': 1}):
        with pytest.raises(ValueError, match='one number of 1 or more, or one for each task'):
            own_experts_of(trunk, ('a', 'b'), wrong)
