"""What testing a checkpoint finds: nothing can be changed afterwards, and numbers are the last checkpoint's by default."""

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
