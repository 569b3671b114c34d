import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import UTKFace
from mtkd.datasets.faces.utkface import attributes_of

from .copies import write_utkface


def test_names():
    assert attributes_of('25_0_1_20170109.jpg.chip.jpg') == {'age': '25', 'gender': '0', 'race': '1'}
    assert attributes_of('39_1_20170116174525125.jpg') == {'age': '39', 'gender': '1', 'race': ''}
    assert attributes_of('53__0_20170116.jpg') == {'age': '53', 'gender': '', 'race': '0'}
    assert attributes_of('face.jpg') == {'age': '', 'gender': '', 'race': ''}


def test_labels_with_a_malformed_name_and_a_clamped_age(tmp_path):
    write_utkface(tmp_path)
    data = UTKFace(data_root=tmp_path, split='all')
    labels = {data.load(i)['meta']['sample_id'].split('/')[1].split('_2')[0]: data.load(i)['targets'] for i in range(5)}
    assert labels == {'25_0_1': {'age': 25, 'gender': 0, 'race': 1}, '116_1_4': {'age': 100, 'gender': 1, 'race': 4},
                      '39_1': {'age': 39, 'gender': 1, 'race': None}, '1_1_0': {'age': 1, 'gender': 1, 'race': 0},
                      '61_3': {'age': 61, 'gender': None, 'race': None}}  # 3 is not a gender, and the race is missing


def test_our_split(tmp_path):
    write_utkface(tmp_path)
    ids = {split: {UTKFace(data_root=tmp_path, split=split, val_share=0.4).load(i)['meta']['sample_id']
                   for i in range(count)} for split, count in (('train', 3), ('val', 2), ('all', 5))}
    assert ids['train'] | ids['val'] == ids['all'] and not ids['train'] & ids['val']


def test_no_pictures(tmp_path):
    with pytest.raises(BadData, match='holds no images'):
        UTKFace(data_root=tmp_path).full_init()
