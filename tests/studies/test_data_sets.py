"""The list of data sets against the configs and the adapters."""

import ast
import os
from pathlib import Path

import pytest

from mtkd.config_files import HOME
from mtkd.datasets import BadData
from mtkd.deploy.model_card import LICENCES
from mtkd.registry import DATASETS
from mtkd.studies.data_sets import DATA_SETS, described, lacking, named, state, table

from .laid_out import COPIES, WITHOUT_COPY

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
    assert state(one, tmp_path) == 'missing' and lacking(one, tmp_path) == list(one.layout)
    (tmp_path / one.folder / 'faces' / 'a').mkdir(parents=True)
    (tmp_path / one.folder / 'faces' / 'a' / '1.jpg').touch()
    folds = [f'fold_{fold}_data.txt' for fold in range(5)]
    assert state(one, tmp_path) == 'incomplete' and lacking(one, tmp_path) == folds
    for fold in folds:
        (tmp_path / one.folder / fold).touch()
    assert state(one, tmp_path) == 'present' and any('present' in line for line in table(tmp_path))


def opens(one, folder, parts) -> bool:
    """Whether the adapter can open all parts of a data set."""
    try:
        for part in parts:
            DATASETS.build({'type': one.adapter, 'data_root': str(folder), **part}).full_init()
    except (BadData, FileNotFoundError):
        return False
    return True


def matches(one, folder, patterns=None) -> list[Path]:
    return [path for pattern in patterns or one.layout for part in pattern.split('|') for path in folder.glob(part)]


@pytest.mark.filterwarnings('ignore::UserWarning')  # there are few labels of one scene
@pytest.mark.parametrize('key', COPIES)
def test_the_layout_is_what_the_adapter_takes(key, tmp_path):
    """All listed files are sufficient, and each of them is needed."""
    one, (write, parts) = named(key), COPIES[key]
    folder = tmp_path / one.folder
    folder.mkdir()
    write(folder)
    assert state(one, tmp_path) == 'present' and opens(one, folder, parts)
    listed = set(matches(one, folder))
    for path in [path for path in folder.rglob('*') if path.is_file()]:
        if not listed & {path, *path.parents}:
            path.unlink()
    assert opens(one, folder, parts), 'more files are needed than are listed'
    away = tmp_path / 'away'
    for pattern in one.layout:
        moved = [(path, away / str(number)) for number, path in enumerate(matches(one, folder, [pattern]))]
        away.mkdir(exist_ok=True)
        for path, place in moved:
            path.rename(place)
        assert pattern in lacking(one, tmp_path) and not opens(one, folder, parts), f'{pattern} is not needed'
        for path, place in moved:
            place.rename(path)


def test_every_set_that_can_be_is_copied():
    assert {*COPIES, *WITHOUT_COPY} == set(DATA_SETS)


def test_terms_are_those_of_the_model_cards():
    """If both name a licence, or both permit or forbid something, they agree."""
    for one in DATA_SETS.values():
        said = getattr(DATASETS.get(one.adapter), 'LICENCE', None) or LICENCES.get(one.adapter)
        for word in ('CC BY', 'MIT', 'non-commercial', 'no formal licence') if said else ():
            assert (word in said) == (word in one.terms), f'{one.key}: {one.terms} / {said}'


@pytest.mark.real_data
def test_the_small_real_sets_are_laid_out_as_listed():
    present = [one.key for one in DATA_SETS.values() if (REAL / one.folder).is_dir()]
    if not present:
        pytest.skip(f'no data sets in {REAL} (set MTKD_DATA_ROOT)')
    assert not {key: lacking(named(key), REAL) for key in present if lacking(named(key), REAL)}
