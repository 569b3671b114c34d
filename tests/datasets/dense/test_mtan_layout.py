"""Common behaviour of the adapters for MTAN's layout, tested on NYUv2MTAN."""

import numpy as np
import pytest

from mtkd.datasets import BadData, NYUv2MTAN
from mtkd.datasets.dense.mtan_layout import read_classes, read_depth, read_normals, read_picture
from mtkd.datasets.synthetic import write_nyuv2_mtan

SIZE = (24, 36)


@pytest.fixture
def root(tmp_path):
    write_nyuv2_mtan(tmp_path, 0, {'train': 3}, size=SIZE)
    return tmp_path / 'train'


def opened(root, **kwargs):
    data = NYUv2MTAN(data_root=root.parent, **kwargs)
    data.full_init()
    return data


def spoil(path, change):
    array = np.load(path)
    np.save(path, change(array))


def test_samples_are_in_the_order_of_their_numbers(root):
    for folder in root.iterdir():
        (folder / '1.npy').rename(folder / '10.npy')
    assert [entry['sample_id'] for entry in opened(root).entries] == ['0', '2', '10']


def test_a_missing_folder_is_named(root):
    for path in (root / 'normal').iterdir():
        path.unlink()
    (root / 'normal').rmdir()
    with pytest.raises(BadData, match=r"train/normal is missing: data_root .* or take 'normals' out"):
        opened(root)
    assert len(opened(root, tasks={'depth': 'depth'})) == 3
    with pytest.raises(BadData, match='val/image is missing: data_root'):
        opened(root, split='val')


@pytest.mark.parametrize(('folder', 'counts'), [('depth', 'depth holds 2 samples and .*image 3'),
                                                ('image', 'label holds 3 samples and .*image 2')])
def test_folders_of_different_counts(root, folder, counts):
    (root / folder / '1.npy').unlink()
    with pytest.raises(BadData, match=rf'{counts}; the first that only one of them has is 1\.npy'):
        opened(root)


def test_a_name_that_is_no_number(root):
    for folder in root.iterdir():
        (folder / '1.npy').rename(folder / 'copy.npy')
    with pytest.raises(BadData, match=r'copy\.npy is not named by a number'):
        opened(root)


@pytest.mark.parametrize(('folder', 'change', 'sentence'), [
    ('image', lambda a: a * 255, r'image/0\.npy holds values from 9 to 255, images are stored in \[0, 1\]'),
    ('image', lambda a: a - 0.5, r'image/0\.npy holds values from -0\.46'),
    ('image', lambda a: np.full_like(a, np.nan), r'image/0\.npy: 2592 of its 2592 values are NaN'),
    ('image', lambda a: (a * 255).astype(np.uint8), r'image/0\.npy holds uint8 of shape .* an image is \(H, W, 3\) floats'),
    ('image', lambda a: a.transpose(2, 0, 1), r'image/0\.npy holds float32 of shape \(3, 24, 36\)'),
    ('label', lambda a: a + 0.5, r'label/0\.npy holds class .*\.5, classes are whole numbers'),
    ('label', lambda a: a - 2, r'label/0\.npy holds class -\d'),
    ('label', lambda a: np.full_like(a, 13), r'label/0\.npy is no semseg label: it holds class 13, allowed are 0 to 12'),
    ('label', lambda a: a[..., None], r'label/0\.npy holds float64 of shape \(24, 36, 1\), class maps are'),
    ('label', lambda a: a[:-1], r'label/0\.npy is 23x36, its image 24x36'),
    ('depth', lambda a: a[::2, ::2], r'depth/0\.npy is 12x18, its image 24x36'),
    ('depth', lambda a: np.where(a == a.max(), np.nan, a), r'depth/0\.npy: \d+ of its 864 values are NaN'),
    ('depth', lambda a: a - 9, r'depth/0\.npy is no depth label: it holds a negative depth'),
    ('depth', lambda a: a.repeat(3, 2), r'depth/0\.npy holds float32 of shape \(24, 36, 3\), a depth map is'),
    ('normal', lambda a: a[..., :2], r'normal/0\.npy holds float32 of shape \(24, 36, 2\), a normal map is'),
])
def test_a_file_that_holds_what_it_must_not(root, folder, change, sentence):
    data = opened(root)
    spoil(root / folder / '0.npy', change)
    with pytest.raises(BadData, match=sentence):
        data.load(0)


def test_a_broken_file(root):
    (root / 'depth' / '0.npy').write_bytes(b'nothing')
    with pytest.raises(BadData, match=r'depth/0\.npy is not a readable \.npy array'):
        opened(root).load(0)


@pytest.mark.parametrize('dtype', [np.float64, np.float32, np.int64, np.int8])
def test_class_maps_of_any_type(tmp_path, dtype):
    np.save(tmp_path / '0.npy', np.array([[-1, 0, 12]], dtype))
    ids = read_classes(tmp_path / '0.npy')
    assert ids.tolist() == [[255, 0, 12]] and ids.dtype == np.uint8


def test_other_forms_of_floats(tmp_path):
    np.save(tmp_path / 'd.npy', np.ones((4, 5)))
    assert read_depth(tmp_path / 'd.npy').shape == (4, 5) and read_depth(tmp_path / 'd.npy').dtype == np.float32
    np.save(tmp_path / 'n.npy', np.array([[[0, 0, 0.9], [0, 0, 0]]]))
    assert read_normals(tmp_path / 'n.npy').tolist() == [[[0, 0, 1], [0, 0, 0]]]
    np.save(tmp_path / 'p.npy', np.array([[[0, 1.0005, 0.5]]]))  # half a grey level too bright
    assert read_picture(tmp_path / 'p.npy').max() == 1


def test_a_smaller_size(root):
    """A third of each side: images by area, labels by the middle one of nine pixels, normals of unit length."""
    whole, small = opened(root).load(0), opened(root, size=(8, 12)).load(0)
    assert small['image'].shape == (8, 12, 3) and small['meta']['original_size'] == (8, 12)
    means = whole['image'].reshape(8, 3, 12, 3, 3).mean((1, 3))
    assert np.abs(small['image'] - means).max() <= 0.51
    for task in ('semseg', 'depth'):
        assert np.array_equal(small['targets'][task], whole['targets'][task][1::3, 1::3]), task
    length = np.linalg.norm(small['targets']['normals'], axis=-1)
    assert np.allclose(length[length > 0], 1, atol=1e-5) and (length > 0).mean() > 0.5


def test_a_larger_size(root):
    sample = opened(root, size=(48, 72)).load(1)
    assert {label.shape[:2] for label in sample['targets'].values()} == {(48, 72)}


@pytest.mark.parametrize('size', [(0, 8), (8,), (8, 8, 3)])
def test_an_impossible_size(root, size):
    with pytest.raises(ValueError, match=r'size=.* of NYUv2MTAN: use \(height, width\)'):
        opened(root, size=size)


def test_what_is_cached_is_small(root):
    data = opened(root, size=(8, 12), cache='preload')
    assert {sample['image'].shape for sample in data._cached.values()} == {(8, 12, 3)} and len(data._cached) == 3
