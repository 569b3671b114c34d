"""Wrong keys and values are reported before anything is built. The table of mistakes is in tests/faults/."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from mmengine.config import Config

from mtkd.engine import validate
from mtkd.engine.validate import check_config

from .toy import write_config

ROOT = Path(__file__).resolve().parents[2]


def test_a_base_is_named_where_an_argument_may_come_from_it(tmp_path):
    write_config(tmp_path)
    child = tmp_path / 'child.py'
    child.write_text("_base_ = ['toy.py']\nmodel = dict(net=dict(neck=dict(type='PoolNeck')))\n")
    with pytest.raises(ValueError, match=r"PoolNeck has no argument 'lateral_channels'; .* write _delete_=True"):
        check_config(Config.fromfile(child))
    child.write_text("_base_ = ['toy.py']\nmodel = dict(net=dict(neck=dict(type='PoolNeck', _delete_=True)))\n")
    check_config(Config.fromfile(child))


@pytest.mark.parametrize(('value', 'wanted', 'fits'), [
    (1, int, True), (True, int, False), (1.0, int, False), ('1', int, False), (1, float, True), (True, float, False),
    (1, bool, False), (False, bool, True), ('a', str, True), (None, str, False), (None, str | None, True),
    ([1, 2], Sequence[int], True), ([1, 'a'], Sequence[int], False), ('ab', Sequence[str], False),
    ('ab', str | Sequence[str], True), ((1, 2), tuple[int, int], True), ([1, 2, 3], tuple[int, int], False),
    ((1, 2, 3), tuple[int, ...], True), ({'a': 1}, Mapping[str, int], True), ({'a': 'b'}, Mapping[str, int], False),
    ('a', Literal['a', 'b'], True), ('c', Literal['a', 'b'], False), ('x', Path, True), ([1], Any, True),
    (3, Path, False), ({'type': 'X'}, Config, True), (3, Config, False)])
def test_fits(value, wanted, fits):
    assert validate._fits(value, wanted) is fits


def test_arguments_that_are_handed_to_a_base_are_that_bases():
    class Base:
        def __init__(self, width: int, depth: int = 2) -> None:
            self.width, self.depth = width, depth

    class Handing(Base):
        def __init__(self, name: str, **kwargs: Any) -> None:
            super().__init__(3, **kwargs)
            self.name = name

    class Keeping(Base):
        def __init__(self, name: str, **kwargs: Any) -> None:
            super().__init__(3)
            self.name, self.kwargs = name, dict(**kwargs)

    handing, keeping = validate._signature(Handing), validate._signature(Keeping)
    assert set(handing.types) == {'name', 'width', 'depth'} and not handing.open and handing.types['depth'] is int
    assert set(keeping.types) == {'name'} and keeping.open


def test_every_base_config_of_the_repository_passes():
    """The configs themselves are loaded, and so checked, by tests/test_configs.py."""
    for path in sorted((ROOT / 'configs' / 'quickstart').glob('*.py')):
        check_config(Config.fromfile(path))


@pytest.mark.parametrize(('line', 'words'), [
    ("domain = ['a']", 'domain'), ("fold = 'one'", 'fold'),
    ("model_wraper_cfg = dict()", "did you mean 'model_wrapper_cfg'"),
    ("teacher_caches = dict()", "did you mean 'teacher_cache'"), ("data_licences = 'x'", "did you mean 'data_licence'")])
def test_top_level_keys_of_every_module_are_checked(tmp_path, line, words):
    path = write_config(tmp_path)
    path.write_text(path.read_text() + f'\n{line}\n')
    with pytest.raises(ValueError, match=words):
        check_config(Config.fromfile(path))


def test_a_variable_beside_a_name_of_results_is_no_misspelling(tmp_path):
    path = write_config(tmp_path)
    path.write_text(path.read_text() + "\ndomains = ['a', 'b']\nbackbones = dict(a=1)\n")
    check_config(Config.fromfile(path))
