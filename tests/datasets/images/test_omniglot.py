import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from mtkd.datasets import BadData, Omniglot
from mtkd.datasets.synthetic.images import write_omniglot

REAL = Path(os.environ.get('MTKD_DATA_ROOT', 'data')) / 'omniglot'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Alphabets in an order that differs between the two folders."""
    root = tmp_path_factory.mktemp('omniglot')
    write_omniglot(root, 0, {'Latin': 2, 'Greek': 3, 'Aurek': 1, 'Manipuri': 1}, evaluation=('Greek', 'Manipuri'))
    return root


def test_characters_are_numbered_over_both_folders(root):
    data = Omniglot(data_root=root)
    data.full_init()
    assert data.metainfo['classes']['omniglot'] == (
        'Aurek/character01', 'Greek/character01', 'Greek/character02', 'Greek/character03', 'Latin/character01',
        'Latin/character02', 'Manipuri/character01')
    assert np.bincount(data.labels['omniglot']).tolist() == [12] * 7


def test_splits_are_drawers(root):
    drawn = {}
    for split, count in (('train', 12), ('val', 4), ('test', 4)):
        data = Omniglot(data_root=root, split=split)
        assert len(data) == 7 * count
        drawn[split] = {int(entry['sample_id'].split('_')[1]) for entry in data.entries}
    assert drawn == {'train': set(range(1, 13)), 'val': set(range(13, 17)), 'test': set(range(17, 21))}
    few = Omniglot(data_root=root, split='dev', drawers={'dev': [20, 3]})
    assert [entry['sample_id'][-2:] for entry in few.entries][:2] == ['20', '03']


def test_strokes_are_averaged_down_and_bright(root):
    data = Omniglot(data_root=root, size=(21, 35))
    sample = data.load(0)
    path = next(root.glob('images_background/Aurek/*/*_01.png'))
    paper = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert set(np.unique(paper)) == {0, 255} and paper.mean() > 128, 'stored black on white'
    mean = 255 - paper.reshape(21, 5, 35, 3).mean((1, 3))
    assert sample['image'].shape == (21, 35, 3) and sample['image'].mean() < 128
    assert np.abs(sample['image'] - mean[..., None]).max() <= 1
    plain = Omniglot(data_root=root, size=(21, 35), invert=False).load(0)
    assert np.array_equal(plain['image'], 255 - sample['image'])
    assert ((sample['image'] > 0) & (sample['image'] < 255)).mean() > 0, 'antialiased'


@pytest.mark.parametrize(('drawers', 'words'), [
    ({'train': [1, 2], 'val': [2, 3]}, "drawer 2 is in 'train' and again in 'val'"),
    ({'train': [1, 1]}, "drawer 1 is in 'train' and again in 'train'"),
    ({'train': [0]}, 'there is no drawer 0'), ({'train': [21]}, 'there is no drawer 21'),
    ({'train': [1], 'val': []}, "'val' has no drawer"), ({'val': [1]}, "no split 'train'")])
def test_drawer_lists_that_cannot_be(drawers, words):
    with pytest.raises(ValueError, match=words):
        Omniglot(drawers=drawers)


def test_a_drawer_that_is_absent(tmp_path):
    write_omniglot(tmp_path, 0, {'A': 1, 'B': 1}, range(1, 18), evaluation=('B',))
    assert len(Omniglot(data_root=tmp_path, split='val')) == 8
    with pytest.raises(BadData, match=r"asks for drawer 18 in 'test', of whom .*character01 has no image"):
        Omniglot(data_root=tmp_path, split='test').full_init()
    next(tmp_path.glob('images_evaluation/B/*/*_05.png')).unlink()
    with pytest.raises(BadData, match=r'drawer 5 .*B.character01'):
        Omniglot(data_root=tmp_path).full_init()


def test_errors(tmp_path):
    with pytest.raises(BadData, match='images_background is missing: data_root'):
        Omniglot(data_root=tmp_path).full_init()
    write_omniglot(tmp_path, 0, {'A': 2, 'B': 1}, range(1, 13), evaluation=('B',))
    with pytest.raises(BadData, match="holds 3 characters .* 'omniglot' has 1623 classes"):
        Omniglot(data_root=tmp_path, num_classes={'omniglot': 1623}).full_init()
    assert len(Omniglot(data_root=tmp_path, folders=('images_background',))) == 24
    picture = next(tmp_path.glob('images_background/A/*/*_04.png'))
    picture.write_bytes(b'no picture')
    with pytest.raises(BadData, match=f'{picture.name} is not a readable image'):
        Omniglot(data_root=tmp_path).full_init()
    picture.write_bytes(b'')
    with pytest.raises(BadData, match='not a readable image'):
        Omniglot(data_root=tmp_path).full_init()
    write_omniglot(tmp_path, 0, {'B': 1}, range(1, 13))
    with pytest.raises(BadData, match='are the same character'):
        Omniglot(data_root=tmp_path).full_init()


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no Omniglot in {REAL} (set MTKD_DATA_ROOT)')
def test_real_data():
    data = Omniglot(data_root=REAL, drawers={'train': [1]}, num_classes={'omniglot': 1623})
    assert len(data) == 1623
    assert data.metainfo['num_classes'] == {'omniglot': 1623}
    assert 5 < float(data.images.float().mean()) < 60, 'bright strokes on black'
