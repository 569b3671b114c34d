"""UCF-101's lists."""

import pytest

from mtkd.datasets import UCF101, BadData

from .videos import number_of, write_video

NAMES = ['ApplyEyeMakeup', 'Archery', *(f'Class{k:03d}' for k in range(3, 102))]


@pytest.fixture
def root(tmp_path):
    """101 classes in the list, of which two have videos."""
    lists = tmp_path / 'ucfTrainTestlist'
    lists.mkdir()
    (lists / 'classInd.txt').write_text('\r\n'.join(f'{k} {name}' for k, name in enumerate(NAMES, 1)) + '\r\n')
    (lists / 'trainlist01.txt').write_text(
        'Archery/v_Archery_g08_c01.avi 2\nApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\n')
    (lists / 'testlist01.txt').write_text('Archery/v_Archery_g01_c01.avi\n')
    (lists / 'trainlist02.txt').write_text('Archery/v_Archery_g01_c01.avi 2\n')
    for name in ('Archery/v_Archery_g08_c01', 'ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01', 'Archery/v_Archery_g01_c01'):
        write_video(tmp_path / 'UCF-101' / f'{name}.avi', 16)
    return tmp_path


def test_the_official_lists(root):
    train, test = (UCF101(data_root=root, split=split, frames=4, task='ucf') for split in ('train', 'test'))
    assert [entry['class'] for entry in train.entries] == [1, 0]
    assert test.entries[0]['sample_id'] == 'UCF-101/Archery/v_Archery_g01_c01'
    sample = test[0]
    assert int(sample['targets']['ucf']) == 1 and sample['image'].shape == (4, 3, 32, 64)
    assert [number_of(frame) for frame in sample['image'].permute(0, 2, 3, 1).numpy()] == [2, 6, 10, 14]
    assert len(UCF101(data_root=root, fold=2)) == 1 and train.CLASSES['ucf'][1] == 'Archery'


def test_mistakes_are_sentences(root):
    with pytest.raises(ValueError, match='fold=4; the official divisions are 1, 2 and 3'):
        UCF101(data_root=root, fold=4)
    with pytest.raises(ValueError, match="no split 'val'"):
        UCF101(data_root=root, split='val')
    lists = root / 'ucfTrainTestlist'
    (lists / 'testlist01.txt').write_text('Dancing/v_Dancing_g01_c01.avi\n')
    with pytest.raises(BadData, match=r"testlist01.txt lists 'Dancing/.*no such class"):
        len(UCF101(data_root=root, split='test'))
    (lists / 'trainlist01.txt').write_text('Archery/v_Archery_g08_c01.avi 7\n')
    with pytest.raises(BadData, match=r'classInd.txt has 2: get the lists again'):
        len(UCF101(data_root=root))
    (lists / 'classInd.txt').write_text('1 Archery\n')
    with pytest.raises(BadData, match='names 1 classes'):
        len(UCF101(data_root=root))
    with pytest.raises(BadData, match=r'trainlist03.txt is missing|names 1 classes'):
        len(UCF101(data_root=root, fold=3))
    (root / 'UCF-101' / 'Archery' / 'v_Archery_g01_c01.avi').write_bytes(b'RIFF broken')
    (lists / 'classInd.txt').write_text('\n'.join(f'{k} {name}' for k, name in enumerate(NAMES, 1)))
    with pytest.raises(BadData, match=r'v_Archery_g01_c01\.avi is not a readable video'):
        UCF101(data_root=root, fold=2)[0]
