import cv2
import numpy as np
import pytest
from scipy.io import savemat

from mtkd.datasets import BadData, PASCALContextMT
from mtkd.datasets.dense.pascal_context import read_normals, read_parts
from mtkd.datasets.synthetic import render_scene, write_pascal_mt

SIZE = (48, 64)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pascal')
    write_pascal_mt(folder, 0, {'train': 6, 'val': 1}, size=SIZE)
    return folder


def near_another(labels):
    """(H, W) bool: whether one of the four neighbours has another class."""
    padded = np.pad(labels, 1, mode='edge')
    rows, columns = labels.shape
    return np.any([padded[1 + dy:1 + dy + rows, 1 + dx:1 + dx + columns] != labels
                   for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0))], axis=0)


def test_labels(root):
    data = PASCALContextMT(data_root=root)
    assert len(data) == 6
    persons = 0
    for index in range(6):
        scene = render_scene(0, index, SIZE)
        targets = data.load(index)['targets']
        if scene.limbs.any():
            persons += 1
            assert np.array_equal(targets['human_parts'], scene.parts)
        else:
            assert (targets['human_parts'] == 255).all()
        assert np.array_equal(targets['sal'], scene.sal)
        assert set(np.unique(targets['semseg'])) <= {0, 9, 11, 15, 18, 255}
        assert (255 in targets['semseg']) <= (index % 2 == 0)  # the fallback folder has no void border
        valid = (targets['normals'] != 0).any(-1)
        assert ((targets['normals'] * scene.normals).sum(-1)[valid] > 0.999).all()
        edge = targets['edge'] == 1
        assert 0.01 < edge.mean() < 0.3 and (edge <= near_another(scene.semseg)).all()
    assert 0 < persons < 6


def test_normals_only_on_shared_classes(root, tmp_path):
    data = PASCALContextMT(data_root=root, tasks={'normals': 'normals'})
    files = dict(data.entries[0]['files'])
    label_map = np.full(SIZE, 440, np.uint16)  # wall
    label_map[:10] = 360  # sky
    savemat(tmp_path / 'map.mat', {'LabelMap': label_map})
    normals = data.read({'files': {**files, 'regions': tmp_path / 'map.mat'}})['targets']['normals']
    assert (normals[:10] == 0).all() and np.allclose(np.linalg.norm(normals[10:], axis=-1), 1, atol=1e-5)
    savemat(tmp_path / 'map.mat', {'LabelMap': label_map[:-1]})
    with pytest.raises(BadData, match='LabelMap that masks it 47x64'):
        data.read({'files': {**files, 'regions': tmp_path / 'map.mat'}})


def test_regions_whose_normals_count_are_those_of_the_official_loaders(tmp_path):
    """The valid ids of the survey's loader (Multi-Task-Learning-PyTorch, ed3d9ac; ATRC's and InvPT's are the same), made by
    running it on the tables it comes with: 170, and 'unknown' (431) is none of them."""
    cv2.imwrite(str(tmp_path / 'normals.png'), np.full((1, 460, 3), (255, 127, 0), np.uint8))
    normals = read_normals(tmp_path / 'normals.png', np.arange(460)[None])
    ids = np.flatnonzero((normals[0] != 0).any(-1))
    assert (len(ids), ids.sum(), (ids ** 2).sum()) == (170, 37556, 11502518)
    assert 431 not in ids and {427, 430, 432, 440} <= set(ids)
    theirs = np.float32([-1, -1 / 255, 1])  # not normalised to length 1
    np.testing.assert_allclose(normals[0, 440], theirs / np.linalg.norm(theirs), atol=1e-6)


def test_only_the_asked_files_are_needed(root):
    data = PASCALContextMT(data_root=root, tasks={'sal': 'binary_map'})
    assert set(data.entries[0]['files']) == {'image', 'sal'}
    assert data[0]['present'] == {'sal': True}


def annotation(*objects):
    """PASCAL-Part's nesting; objects are (class_ind, [(name, mask), ...])."""
    things = np.empty((1, len(objects)), dtype=[(n, object) for n in ('class', 'class_ind', 'mask', 'parts')])
    for i, (number, parts) in enumerate(objects):
        rows = np.empty((1, len(parts)), dtype=[('part_name', object), ('mask', object)])
        for j, part in enumerate(parts):
            rows[0, j] = part
        things[0, i] = ('thing', float(number), np.ones((4, 4), np.uint8), rows if parts else np.zeros((0, 0)))
    anno = np.empty((1, 1), dtype=[('imname', object), ('objects', object)])
    anno[0, 0] = ('x', things)
    return anno


def mask(*columns):
    out = np.zeros((4, 4), np.uint8)
    out[:, columns] = 1
    return out


def test_parts_of_several_persons_and_no_animals(tmp_path):
    path = tmp_path / 'a.mat'
    savemat(path, {'anno': annotation((15, [('lear', mask(0))]), (15, []), (8, [('head', mask(3))]),
                                      (15, [('torso', mask(1)), ('rfoot', mask(2))]))})
    assert read_parts(path, (4, 4))[0].tolist() == [1, 2, 6, 0]


@pytest.mark.parametrize('objects', [[], [(15, [])], [(8, [('head', mask(1))])]])
def test_no_person_part_is_invalid_everywhere(tmp_path, objects):
    savemat(tmp_path / 'a.mat', {'anno': annotation(*objects)})
    assert (read_parts(tmp_path / 'a.mat', (4, 4)) == 255).all()


@pytest.mark.parametrize('objects', [[(15, [('wing', mask(1))])], [(15, [('head', mask(1)[:, :2])])]])
def test_a_wrong_annotation_is_named(tmp_path, objects):
    savemat(tmp_path / 'a.mat', {'anno': annotation(*objects)})
    with pytest.raises(BadData, match=r'a\.mat is no PASCAL-Part annotation'):
        read_parts(tmp_path / 'a.mat', (4, 4))
