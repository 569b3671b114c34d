import json
import subprocess
import sys

import mmengine.registry as mm
import pytest
from torch import nn

from mtkd import registry
from mtkd.registry import BACKBONES, DATASETS, LOSSES, MODELS, OPTIMIZERS, SIX, TASKS, Registry

ALL = {name: value for name, value in vars(registry).items() if isinstance(value, Registry)}
CHILDREN = {name: value for name, value in ALL.items() if value.frame is not None}

FRESH = """
import json, os, sys
from mtkd import registry

assert sorted(m for m in sys.modules if m.startswith('mtkd')) == ['mtkd', 'mtkd.late_imports', 'mtkd.registry']
assert not {'mmengine', 'torch', 'numpy'} & set(sys.modules), 'mtkd.registry is not light'
import cv2, matplotlib, mmengine.runner, scipy.ndimage, skimage.morphology, timm, torch  # what is heavy and not ours
assert 'transformers' not in sys.modules, 'MMEngine has imported transformers'
failed = []
for name, key in json.loads(sys.argv[1]).items():
    child = os.fork()
    if not child:
        found = getattr(registry, name).get(key)
        os._exit(0 if found is not None and found.__module__.startswith('mtkd.') else 1)
    if os.waitpid(child, 0)[1]:
        failed.append(f'{name}.get({key!r})')
sys.exit(', '.join(failed) or 0)
"""


def own(reg: Registry) -> dict[str, type]:
    """The entries of mtkd."""
    reg.import_from_location()
    return {name: part for name, part in reg.module_dict.items() if part.__module__.startswith('mtkd.')}


def test_a_lookup_imports_what_it_needs():
    one_each = {name: next(iter(own(reg))) for name, reg in ALL.items() if own(reg)}
    assert len(one_each) >= 15
    run = subprocess.run([sys.executable, '-c', FRESH, json.dumps(one_each)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_registries_a_user_composes_papers_with():
    assert set(SIX) == {'BACKBONES', 'NECKS', 'HEADS', 'DISTILL_LOSSES', 'TEACHERS', 'DATASETS'}
    for name, reg in SIX.items():
        assert reg is getattr(registry, name)
        assert own(reg), f'{name} is empty'


@pytest.mark.parametrize('name', ALL)
def test_scope(name):
    assert ALL[name].scope == 'mtkd'


@pytest.mark.parametrize('name', CHILDREN)
def test_children_are_found_from_mmengine(name):
    child = CHILDREN[name]
    assert child.parent.children['mtkd'].own is child
    assert child.parent.children['mtkd'].module_dict is child.module_dict
    for key in list(own(child))[:1]:
        assert child.parent.get(f'mtkd.{key}') is child.get(key)


def test_mmengines_own_parts_are_found():
    assert OPTIMIZERS.get('SGD') is mm.OPTIMIZERS.get('SGD') is not None


@pytest.mark.parametrize('reg, asked, near, place', [
    (TASKS, 'Dept', 'Depth', 'mtkd.tasks.depth'), (LOSSES, 'CrossEntropyy', 'CrossEntropy', 'mtkd.losses.cross_entropy'),
    (BACKBONES, 'TimBackbone', 'TimmBackbone', 'mtkd.models.backbones.timm_backbone'),
    (OPTIMIZERS, 'SDG', 'SGD', 'torch.optim.sgd')])
def test_an_unknown_name_is_answered_with_the_nearest(reg, asked, near, place):
    with pytest.raises(KeyError) as error:
        reg.build({'type': asked})
    said = str(error.value)
    assert f"'{asked}' is not in the {reg.name} registry; nearest: " in said
    assert f'{near} ({place})' in said and 'custom_imports' in said


def test_nothing_near_lists_all():
    said = BACKBONES.explain_unknown('zzzz')
    assert '; known: ' in said and 'TimmBackbone (mtkd.models.backbones.timm_backbone)' in said


def test_an_empty_registry_says_so():
    assert 'known: none' in Registry('thing', scope='mtkd').explain_unknown('x')


def test_a_part_of_another_package_is_imported_when_it_is_asked_for():
    parts = Registry('thing', late={'Fraction': 'fractions:Fraction', 'Gone': 'no_such_package:Gone'})
    assert not parts.module_dict and parts.get('Gone') is None
    assert str(parts.build({'type': 'Fraction', 'numerator': 1}, {'denominator': 3})) == '1/3'


def test_a_dotted_path_is_a_name():
    assert Registry('thing').get('fractions.Fraction').__name__ == 'Fraction'
    assert Registry('thing').get('fractions.Nothing') is Registry('thing').get('no.such.module') is None


def test_registering():
    parts = Registry('thing')
    parts.register_module(['a', 'b'])(int)
    assert 'a' in parts and 'c' not in parts and len(parts) == 2 and repr(parts) == 'Registry(thing: a, b)'
    parts.register_module(name='a', module=float, force=True)
    assert (parts.get('mtkd.a'), parts.get('b')) == (float, int)
    with pytest.raises(TypeError, match='classes and functions'):
        parts.register_module(name='n', module=3)
    with pytest.raises(TypeError, match='needs a name, not int'):
        parts.get(3)
    with pytest.raises(TypeError, match='a name or a class'):
        parts.build({'type': 3})


@pytest.mark.parametrize('cfg', [{'num_classes': 3}, 'Depth', None])
def test_a_config_without_a_type_is_a_type_error(cfg):
    with pytest.raises((TypeError, KeyError), match='type|dict'):
        TASKS.build(cfg)


def test_wrong_arguments_name_the_class():
    with pytest.raises(TypeError, match='FCNHead'):
        registry.HEADS.build({'type': 'FCNHead', 'nonsense': 1})


def test_a_third_party_registers_and_builds():
    @MODELS.register_module()
    class _ThirdParty(nn.Module):
        """A class of another package."""

    try:
        assert isinstance(MODELS.build({'type': '_ThirdParty'}), _ThirdParty)
        assert isinstance(MODELS.build({'type': _ThirdParty}), _ThirdParty), 'a class is also a type'
    finally:
        MODELS.module_dict.pop('_ThirdParty')


def test_a_name_is_registered_once():
    assert DATASETS.get(next(iter(own(DATASETS)))) is not None
    with pytest.raises(KeyError, match='already registered'):
        TASKS.register_module(name='Depth', module=TASKS.get('Depth'))


def test_a_lookup_stops_at_the_first_location_that_has_the_name(monkeypatch):
    asked = []
    reg = Registry('thing', 'first', 'second', 'third')
    reg.register_module('A', module=dict)
    monkeypatch.setattr('importlib.import_module',
                        lambda name: asked.append(name) or (name == 'second' and reg.register_module('B', module=list)))
    assert reg.get('A') is dict and not asked
    assert reg.get('B') is list and asked == ['first', 'second']
