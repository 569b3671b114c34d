"""A shipped config with any value replaced by a wrong one is either accepted, or rejected by a message that names the place.
"""

import inspect
import random
import typing

import pytest
from mmengine.config import Config

import mtkd.frame  # noqa: F401
from mtkd import registry
from mtkd.cli.mistakes import is_deliberate
from mtkd.engine.config import shipped_bases
from mtkd.engine.validate import check_config

from .mutations import at, listed, places, wrong_at, wrong_values

CONFIGS = ('quickstart/student_kdam', 'catalogue/deep_mutual_learning', 'mlfd/joint_s32_s1', 'kd4mtl/mtan_nyuv2_gradnorm')
TRIES = 250  # a config; all values of the first config: about 2,500
GIVEN = {'dataset', 'dataloader', 'optimizer', 'tau', 'top_p'}  # passed on by a builder, or used by one of many classes


@pytest.mark.parametrize('name', CONFIGS)
def test_every_answer_names_the_place(name):
    with shipped_bases():
        base = listed(Config.fromfile(f'configs/{name}.py', lazy_import=False).to_dict())
    chosen = random.Random(0)
    everywhere = list(places(base))
    refused = 0
    for _ in range(TRIES):
        path = chosen.choice(everywhere)
        value = chosen.choice(wrong_values(at(base, path), path))
        with wrong_at(base, path, value):
            try:
                check_config(Config(base))
            except Exception as error:
                refused += 1
                said = str(error)
                assert is_deliberate(error), f'{path} = {value!r}: {type(error).__name__}: {said}'
                named = [part for part in path if isinstance(part, str)]
                assert any(part in said for part in named[-2:]), f'{path} = {value!r}: {said}'
    assert refused > TRIES / 10, 'otherwise nothing is checked'


def constructors():
    """(name, constructor) of everything in mtkd that a config can name."""
    for where in vars(registry).values():
        if not isinstance(where, registry.Registry):
            continue
        where.import_from_location()
        for name, built in sorted(where.module_dict.items()):
            if not built.__module__.startswith('mtkd'):
                continue
            if not inspect.isclass(built):
                yield name, built
                continue
            for base in inspect.getmro(built):
                if '__init__' in vars(base) and base.__module__.startswith('mtkd'):
                    yield name, base.__init__


def test_every_constructor_is_annotated():
    """Arguments without annotation are not checked."""
    found = list(constructors())
    assert len(found) > 200
    for name, function in found:
        hints = typing.get_type_hints(function)
        named = [parameter.name for parameter in inspect.signature(function).parameters.values()
                 if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and parameter.name != 'self']
        assert not [part for part in named if part not in hints], name
        assert {part for part in named if hints[part] is typing.Any} <= GIVEN, name
