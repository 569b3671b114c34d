import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import RAFDB
from mtkd.datasets.faces.classes import EXPRESSIONS

from .copies import write_raf_db


def test_labels_in_the_order_of_fer2013(tmp_path):
    write_raf_db(tmp_path)
    data = RAFDB(data_root=tmp_path)
    targets = [data.load(i)['targets'] for i in range(7)]
    assert [EXPRESSIONS[t['expression']] for t in targets] == ['surprise', 'fear', 'disgust', 'happy', 'sad', 'angry',
                                                               'neutral']
    assert [t['gender'] for t in targets] == [0, 1, None, 0, 1, None, 0]
    assert [t['race'] for t in targets] == [1, 2, 0, 1, 2, 0, 1] and [t['age'] for t in targets] == [0, 1, 2, 3, 4, 0, 1]
    assert data.load(0)['meta']['sample_id'] == 'train_00001'
    assert RAFDB(data_root=tmp_path, split='val').load(0)['targets'] == {'expression': 5, 'gender': 1, 'race': 2, 'age': 2}


def test_annotations_by_hand_only_where_asked_for(tmp_path):
    write_raf_db(tmp_path)
    (tmp_path / 'Annotation' / 'manual' / 'train_00002_manu_attri.txt').write_text('1 2\n')
    assert len(RAFDB({'expression': 'class_label'}, tmp_path)) == 7
    with pytest.raises(BadData, match='train_00002_manu_attri.txt has 1 lines'):
        RAFDB(data_root=tmp_path).full_init()
    (tmp_path / 'Annotation' / 'manual' / 'train_00001_manu_attri.txt').unlink()
    with pytest.raises(BadData, match='train_00001_manu_attri.txt is missing'):
        RAFDB(data_root=tmp_path).full_init()


def test_errors(tmp_path):
    with pytest.raises(BadData, match='list_patition_label.txt is missing: data_root must be the folder'):
        RAFDB(data_root=tmp_path).full_init()
    write_raf_db(tmp_path)
    (tmp_path / 'EmoLabel' / 'list_patition_label.txt').write_text('train_00001.jpg 1\ntrain_00002.jpg\n')
    with pytest.raises(BadData, match="line 2 reads 'train_00002.jpg'"):
        RAFDB(data_root=tmp_path).full_init()
