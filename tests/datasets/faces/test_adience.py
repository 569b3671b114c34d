import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import Adience

from .copies import write_adience

AGES = [4, 0, None, None, None, 4, None, 7, None, 4]  # 35, 57, None, (8, 23) and 3 belong to no group
GENDERS = [0, 1, None, 0, None, 1, 0, 1, 0, None]


def numbers(data):
    return [int(data.load(i)['meta']['sample_id'].split('@')[0]) for i in range(len(data))]


def test_cross_validation(tmp_path):
    write_adience(tmp_path)
    for fold in range(5):
        val, train = (numbers(Adience(data_root=tmp_path, split=split, fold=fold)) for split in ('val', 'train'))
        assert val == [2 * fold, 2 * fold + 1] and sorted(train + val) == list(range(10))


def test_labels(tmp_path):
    write_adience(tmp_path)
    for split in ('train', 'val'):
        data = Adience(data_root=tmp_path, split=split)
        for place, i in enumerate(numbers(data)):
            assert data.load(place)['targets'] == {'age': AGES[i], 'gender': GENDERS[i]}


def test_variants(tmp_path):
    write_adience(tmp_path)
    ids = {variant: Adience(data_root=tmp_path, variant=variant).load(0)['meta']['sample_id'].split('/')[1]
           for variant in ('aligned', 'faces')}
    assert ids == {'aligned': 'landmark_aligned_face.102.2_o.jpg', 'faces': 'coarse_tilt_aligned_face.102.2_o.jpg'}


def test_errors(tmp_path):
    for arguments, text in (({'fold': 5}, 'no fold 5'), ({'variant': 'raw'}, "no variant 'raw'")):
        with pytest.raises(ValueError, match=text):
            Adience(data_root=tmp_path, **arguments)
    write_adience(tmp_path)
    (tmp_path / 'fold_3_data.txt').unlink()
    with pytest.raises(BadData, match=r'fold_3_data\.txt is missing'):
        Adience(data_root=tmp_path).full_init()
