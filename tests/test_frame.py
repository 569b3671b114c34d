"""MMEngine can build the classes that mtkd registers, and vice versa."""

import mmengine.registry as mm
import pytest
from mmengine.registry import DefaultScope

from mtkd import registry
from mtkd.frame import mirror_of
from mtkd.registry import DATASETS, HOOKS, OPTIMIZERS, Registry


@pytest.fixture
def scope():
    with DefaultScope.overwrite_default_scope('mtkd'):
        yield


def test_the_runners_registries_find_what_a_plug_in_registers_later(scope):
    @HOOKS.register_module()
    class _Later:
        def __init__(self, number):
            self.number = number

    try:
        assert mm.HOOKS.build({'type': '_Later', 'number': 3}).number == 3
        assert mm.HOOKS.get('mtkd._Later') is _Later
    finally:
        del HOOKS.module_dict['_Later']


def test_a_name_that_neither_knows_names_the_nearest(scope):
    with pytest.raises(KeyError, match=r"'NYUDMTT' is not in the dataset registry; nearest: NYUDMT \(mtkd\.datasets"):
        mirror_of(DATASETS).build({'type': 'NYUDMTT'})
    with pytest.raises(KeyError, match='IterTimerHook'):
        HOOKS.build({'type': 'IterTimerHok'})


def test_mmengines_parts_are_built_by_ours():
    hook = HOOKS.build({'type': 'IterTimerHook'})
    assert type(hook).__module__ == 'mmengine.hooks.iter_timer_hook' and 'mtkd' in HOOKS.parent.children


def test_parts_of_other_packages_come_late(monkeypatch, scope):
    monkeypatch.setitem(OPTIMIZERS.late, '_Half', 'fractions:Fraction')
    try:
        assert mm.OPTIMIZERS.build({'type': '_Half', 'numerator': 1, 'denominator': 2}) == .5
    finally:
        OPTIMIZERS.module_dict.pop('_Half', None)


def test_every_registry_that_names_one_of_mmengine_is_its_child():
    for own in vars(registry).values():
        if isinstance(own, Registry) and own.frame:
            assert mirror_of(own).parent is getattr(mm, own.frame) is own.parent
    with pytest.raises(KeyError):
        mirror_of(Registry('thing', frame='DATASETS'))
    assert DATASETS.parent is mm.DATASETS
