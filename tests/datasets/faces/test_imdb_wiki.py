import numpy as np
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import IMDBWIKI
from mtkd.datasets.faces.imdb_wiki import ages_of

from .copies import matlab_day, write_imdb_wiki


def test_ages():
    born = [matlab_day(1980, 6, 30), matlab_day(1980, 7, 1), matlab_day(2000, 1, 1), 0, 366, np.nan]
    assert np.array_equal(ages_of(np.array(born), np.full(6, 2000)), [20, 19, 0, np.nan, np.nan, np.nan], equal_nan=True)


@pytest.mark.parametrize('source', ['wiki', 'imdb'])
def test_labels_and_filters(tmp_path, source):
    write_imdb_wiki(tmp_path, source)
    data = IMDBWIKI(data_root=tmp_path, split='all', source=source)
    targets = {data.load(i)['meta']['sample_id']: data.load(i)['targets'] for i in range(len(data))}
    # 3 has a low score, 4 is 110 years old, 5 has no date of birth, 6 has a second face
    assert targets == {'00/0_x.jpg': {'age': 20, 'gender': 0}, '01/1_x.jpg': {'age': 19, 'gender': 1},
                       '02/2_x.jpg': {'age': 50, 'gender': None}}
    assert len(IMDBWIKI(data_root=tmp_path, split='all', source=source, min_score=0.5)) == 4
    assert len(IMDBWIKI(data_root=tmp_path, split='all', source=source, ages=(0, 120))) == 4


def test_no_name_is_in_both_splits(tmp_path):
    write_imdb_wiki(tmp_path)
    splits = [[data.load(i)['meta']['sample_id'][:2] for i in range(len(data))] for split in ('train', 'val')
              for data in [IMDBWIKI(data_root=tmp_path, split=split, source='wiki', val_share=0.5)]]
    assert sorted(splits) == [['00', '01'], ['02']]  # one name has the first two images


def test_errors(tmp_path):
    with pytest.raises(ValueError, match="no source 'x'"):
        IMDBWIKI(data_root=tmp_path, source='x')
    with pytest.raises(BadData, match=r'imdb\.mat is missing'):
        IMDBWIKI(data_root=tmp_path).full_init()
    (tmp_path / 'imdb.mat').write_bytes(b'x')
    with pytest.raises(BadData, match='not a readable MATLAB file'):
        IMDBWIKI(data_root=tmp_path).full_init()
