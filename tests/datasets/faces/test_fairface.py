import os
from pathlib import Path

import numpy as np
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import FairFace
from mtkd.datasets.faces.fairface import AGES, RACES

from .copies import write_fairface

REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'fairface'


def test_labels(tmp_path):
    write_fairface(tmp_path)
    data = FairFace(data_root=tmp_path)
    assert [data.load(i)['targets'] for i in range(12)] == [{'age': i % 9, 'gender': i % 2, 'race': i % 7}
                                                            for i in range(12)]
    assert data.load(2)['meta']['sample_id'] == 'train/3.jpg' and data[0]['image'].shape == (3, 64, 64)
    assert data.metainfo['classes']['age'] == AGES and data.metainfo['num_classes'] == {'age': 9, 'gender': 2, 'race': 7}


def test_ages_that_a_spreadsheet_took_for_dates(tmp_path):
    write_fairface(tmp_path)
    table = tmp_path / 'fairface_label_train.csv'
    table.write_text(table.read_text().replace(',3-9,', ',03-Sep,').replace(',10-19,', ',Oct-19,'))
    assert [FairFace(data_root=tmp_path).load(i)['targets']['age'] for i in range(9)] == list(range(9))


def test_parts_of_one_label_each(tmp_path):
    write_fairface(tmp_path)
    seen = []
    for part, keep in enumerate((['age'], ['gender'], ['race'], [])):
        data = FairFace(data_root=tmp_path, parts=4, part=part, keep=keep)
        assert data.label_counts() == {task: 3 * (task in keep) for task in ('age', 'gender', 'race')}
        seen += [data.load(i)['meta']['sample_id'] for i in range(3)]
    assert len(set(seen)) == 12


def test_five_races(tmp_path):
    write_fairface(tmp_path)
    five = {'White': 0, 'Black': 1, 'East Asian': 2, 'Southeast Asian': 2, 'Indian': 3, 'Latino_Hispanic': 4,
            'Middle Eastern': 4}
    data = FairFace({'race': 'class_label'}, tmp_path, label_maps={'race': five}, num_classes={'race': 5})
    assert [data.load(i)['targets']['race'] for i in range(7)] == [five[race] for race in RACES]
    with pytest.raises(ValueError, match="labels 'race' with 7 classes .*, the task 'race' has 5"):
        FairFace({'race': 'class_label'}, tmp_path, num_classes={'race': 5})


def test_errors(tmp_path):
    with pytest.raises(BadData, match=r'fairface_label_train\.csv is missing'):
        FairFace(data_root=tmp_path).full_init()
    (tmp_path / 'fairface_label_train.csv').write_text('file,age\n')
    with pytest.raises(BadData, match="no column 'gender'"):
        FairFace(data_root=tmp_path).full_init()


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no FairFace in {REAL} (set MTKD_DATA_ROOT)')
def test_real_data():
    data = FairFace(data_root=REAL, split='val')
    assert len(data) == 1500 and data.label_counts() == {'age': 1500, 'gender': 1500, 'race': 1500}
    ages = np.bincount([entry['labels']['age'] for entry in FairFace(data_root=REAL).entries])
    assert ages.tolist() == [119, 720, 658, 1747, 1335, 730, 444, 189, 58]  # the set's README
    assert data.load(7)['image'].shape == (64, 64, 3) and data.load(7)['image'].std() > 10
