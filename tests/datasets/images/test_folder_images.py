import cv2
import numpy as np
import pytest

from mtkd.datasets import BadData, FolderImages


def write(path, value, size=(10, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((*size, 3), np.uint8)
    picture[:] = (value, 2, 3)  # RGB
    assert cv2.imwrite(str(path), picture[..., ::-1])


@pytest.fixture
def root(tmp_path):
    for split, classes in (('train', ('ant', 'bee', 'cow')), ('test', ('ant', 'cow'))):
        for number, name in enumerate(classes):
            for k in range(2):
                write(tmp_path / split / name / f'{k}.png', 10 * 'abc'.index(name[0]) + number)
    (tmp_path / 'train' / 'bee' / 'notes.txt').write_text('not a picture')
    return tmp_path


def test_folders_are_classes(root):
    data = FolderImages(data_root=root, size=8)
    assert len(data) == 6 and data.labels['label'].tolist() == [0, 0, 1, 1, 2, 2]
    assert data.images.shape == (6, 3, 8, 8) and data.images[2, :, 0, 0].tolist() == [11, 2, 3]
    assert data.metainfo['classes'] == {'label': ('ant', 'bee', 'cow')}
    assert data.entries[3]['sample_id'] == 'train/bee/1'


def test_a_class_without_pictures_shifts_no_number(root):
    data = FolderImages({'animal': 'class_label'}, root, 'test', task='animal', size=(4, 6))
    assert data.labels['animal'].tolist() == [0, 0, 2, 2] and data[0]['image'].shape == (3, 4, 6)


def test_a_share_of_train_is_held_out(root):
    train, val = (FolderImages(data_root=root, split=split, size=4, val=0.5, split_seed=3) for split in ('train', 'val'))
    assert train.labels['label'].tolist() == val.labels['label'].tolist() == [0, 1, 2]
    ids = [{entry['sample_id'] for entry in data.entries} for data in (train, val)]
    assert not ids[0] & ids[1] and len(ids[0] | ids[1]) == 6
    assert len(FolderImages(data_root=root, split='test', size=4, val=0.5)) == 4
    with pytest.raises(BadData, match=r'val=0.9\): holding out'):
        FolderImages(data_root=root, split='val', size=4, val=0.9).full_init()


def test_a_share_of_the_labels_is_kept(root):
    data = FolderImages(data_root=root, size=4, keep_labels={'share': 0.5, 'seed': 1})
    assert sorted(data.labels['label'].tolist()) == [-1, -1, -1, 0, 1, 2]
    assert (data.labels['label'].numpy() >= 0).tolist() == data.kept['label'].tolist()
    assert [bool(data[i]['present']['label']) for i in range(6)] == data.kept['label'].tolist()
    batch = data.__getitems__([0, 1, 2, 3, 4, 5])
    assert batch['present']['label'].tolist() == data.kept['label'].tolist()


def test_errors(root):
    with pytest.raises(BadData, match=r'val is missing: data_root'):
        FolderImages(data_root=root, split='val').full_init()
    with pytest.raises(BadData, match="has 3 classes, the task 'label' has 4"):
        FolderImages(data_root=root, num_classes={'label': 4}).full_init()
    write(root / 'test' / 'dog' / '0.jpg', 1)
    with pytest.raises(BadData, match=r"dog is no class: .*train has no folder 'dog'"):
        FolderImages(data_root=root, split='test').full_init()
    (root / 'train' / 'ant' / '0.png').write_bytes(b'')
    with pytest.raises(BadData, match='0.png is not a readable image'):
        FolderImages(data_root=root).full_init()
    (root / 'empty').mkdir()
    with pytest.raises(BadData, match='one per class'):
        FolderImages(data_root=root, split='empty').full_init()
    with pytest.raises(ValueError, match='size=0 of FolderImages'):
        FolderImages(data_root=root, size=0)
