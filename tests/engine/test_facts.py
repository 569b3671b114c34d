"""The record of testing a checkpoint: it cannot be changed later, and by default its numbers are those of the last
checkpoint.
"""

import dataclasses

import pytest
from mmengine.config import Config

from mtkd.engine.cost import Cost
from mtkd.engine.facts import Facts
from mtkd.engine.report import LAST_CHECKPOINT


def test_facts_are_fixed():
    cost = Cost(1, 2, (3, 4), 5.0)
    facts = Facts(Config(), {'depth': {'rmse': (.5, 'm', False)}}, {'depth': 'rmse'}, cost, {}, (), 0, 'cpu')
    assert facts.protocol == LAST_CHECKPOINT
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.device = 'cuda'
