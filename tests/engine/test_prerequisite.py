"""The interface for things that must exist before a run, with a kind that only records calls."""

import pytest
from mmengine.config import Config

from mtkd.engine import prerequisite
from mtkd.engine.config import check_option
from mtkd.engine.prerequisite import Circumstances, Prerequisite, connected, kinds, make_missing, resolved, teacher_names
from mtkd.registry import PREREQUISITES


class Notes(Prerequisite):
    keys = frozenset({'noted'})

    def __init__(self, order=0, there=False):
        self.order, self.there, self.made_for = order, there, []

    def needed(self, cfg):
        return bool(cfg.get('noted'))

    def made(self, cfg, where):
        return self.there

    def make(self, cfg, where):
        self.made_for.append(where.seed)

    def resolve(self, cfg, seed, *, random, network_only):
        return Config({**cfg, 'resolved': (seed, random, network_only)})

    def connect(self, cfg, seed, *, random):
        return Config({**cfg, 'connected': (seed, random)})

    def teachers(self, cfg):
        return ('noted',)


@pytest.fixture
def use(monkeypatch):
    return lambda *found: monkeypatch.setattr(prerequisite, 'kinds', lambda: list(found))


def test_what_is_missing_and_asked_for_is_made(use):
    absent, there = Notes(), Notes(there=True)
    use(absent, there)
    make_missing(Config({'noted': 1}), Circumstances(seed=3))
    make_missing(Config({}), Circumstances(seed=4))
    assert (absent.made_for, there.made_for) == ([3], [])


def test_a_config_is_resolved_and_connected_where_it_asks_for_it(use):
    use(Notes())
    cfg = Config({'noted': 1})
    assert resolved(cfg, 5, network_only=True).resolved == (5, False, True)
    assert connected(cfg, 5, random=True).connected == (5, True) and 'resolved' not in cfg
    assert resolved(empty := Config({}), 5) is empty
    assert teacher_names(cfg) == ('noted',)


def test_the_kinds_of_mtkd_in_their_order():
    names = [type(kind).__name__ for kind in kinds()]
    assert names == ['EarlierRuns', 'PseudoLabelFiles', 'TeacherCaches']


def test_a_plug_in_adds_a_kind_and_its_config_keys():
    PREREQUISITES.register_module(module=Notes)
    try:
        assert any(isinstance(kind, Notes) for kind in kinds())
        check_option(Config({'model': {}}), 'noted')
    finally:
        del PREREQUISITES.module_dict['Notes']
    with pytest.raises(ValueError, match="the config has no 'noted'"):
        check_option(Config({'model': {}}), 'noted')
