import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import MORPH2

from .copies import picture, write_morph


def test_labels_from_the_names(tmp_path):
    names = write_morph(tmp_path)
    data = MORPH2(data_root=tmp_path, split='all')
    assert [data.load(i)['meta']['sample_id'] for i in range(20)] == [f'Album2/{name}' for name in sorted(names)]
    assert data.load(3)['targets'] == {'age': 22, 'gender': 1, 'race': None}
    assert data.label_counts() == {'age': 20, 'gender': 20, 'race': 0}


def test_no_person_is_in_both_splits(tmp_path):
    write_morph(tmp_path)
    people = {split: {data.load(i)['meta']['sample_id'][:13] for i in range(len(data))}
              for split in ('train', 'val') for data in [MORPH2(data_root=tmp_path, split=split)]}
    assert not people['train'] & people['val'] and (len(people['train']), len(people['val'])) == (8, 2)


def test_the_csv_knows_race(tmp_path):
    names = write_morph(tmp_path)
    rows = [f'Album2/{name},{name[9:11]},{name[8]},{"WBAHOI"[i % 6]},x' for i, name in enumerate(names)]
    (tmp_path / 'morph.csv').write_text('\n'.join(['photo,age,sex,race,glasses', *rows]) + '\n')
    data = MORPH2(data_root=tmp_path, split='all', table='morph.csv', columns={'gender': 'sex'})
    by_id = {data.load(i)['meta']['sample_id']: data.load(i)['targets'] for i in range(20)}
    assert [by_id[f'Album2/{name}']['race'] for name in names[:6]] == [0, 1, 2, 4, 4, None]
    assert by_id['Album2/' + names[3]]['age'] == 22
    years = MORPH2({'years': 'scalar'}, tmp_path, 'all', fields={'years': 'age'}, table='morph.csv',
                   columns={'gender': 'sex'})
    assert years.label_counts() == {'years': 20}
    with pytest.raises(BadData, match="no column 'gender'"):
        MORPH2(data_root=tmp_path, table='morph.csv').full_init()


def test_a_subset(tmp_path):
    names = write_morph(tmp_path)
    (tmp_path / 'white.txt').write_text('\n'.join(names[:4]))
    assert len(MORPH2(data_root=tmp_path, split='all', subset='white.txt')) == 4


def test_a_name_that_is_not_morphs(tmp_path):
    picture(tmp_path / 'me.jpg')
    with pytest.raises(BadData, match=r'me\.jpg .* is not named as MORPH'):
        MORPH2(data_root=tmp_path).full_init()
