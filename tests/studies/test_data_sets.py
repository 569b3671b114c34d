"""The list of data sets beside the configs and the adapters."""

import ast
import os
from pathlib import Path

import pytest

from mtkd.config_files import HOME
from mtkd.registry import DATASETS
from mtkd.studies.data_sets import DATA_SETS, described, lacking, named, state, table

REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data'))
SYNTHETIC = ('SyntheticScenes', 'SyntheticImages', 'SyntheticClips', 'MultiDataset')


def folders_of_configs() -> set[str]:
    """Every ``data_root`` of the base configs."""
    found = set()
    for path in (HOME / 'configs' / '_base_' / 'datasets').glob('*.py'):
        found |= {word.value.value for word in ast.walk(ast.parse(path.read_text())) if isinstance(word, ast.keyword)
                  and word.arg == 'data_root' and isinstance(word.value, ast.Constant)}
    return found


def test_every_folder_that_a_config_names_is_listed():
    folders = folders_of_configs()
    assert len(folders) > 20 and folders == {one.folder for one in DATA_SETS.values()}


@pytest.mark.parametrize('one', DATA_SETS.values(), ids=list(DATA_SETS))
def test_each_says_what_is_needed(one, tmp_path):
    assert DATASETS.get(one.adapter) is not None and one.adapter not in SYNTHETIC
    assert one.source and one.terms and one.layout and named(one.key) is one
    text = '\n'.join(described(one, tmp_path))
    assert one.source in text and one.terms in text and all(pattern in text for pattern in one.layout)


def test_states(tmp_path):
    one = named('adience')
    assert state(one, tmp_path) == 'absent' and lacking(one, tmp_path) == list(one.layout)
    (tmp_path / one.folder / 'faces').mkdir(parents=True)
    (tmp_path / one.folder / 'faces' / '1.jpg').touch()
    assert state(one, tmp_path) == 'in part' and lacking(one, tmp_path) == ['fold_0_data.txt']
    (tmp_path / one.folder / 'fold_0_data.txt').touch()
    assert state(one, tmp_path) == 'here' and any('here' in line for line in table(tmp_path))


@pytest.mark.real_data
def test_the_small_real_sets_are_laid_out_as_listed():
    present = [one.key for one in DATA_SETS.values() if (REAL / one.folder).is_dir()]
    if not present:
        pytest.skip(f'no data sets in {REAL} (set MTKD_DATA_ROOT)')
    assert not {key: lacking(named(key), REAL) for key in present if lacking(named(key), REAL)}
