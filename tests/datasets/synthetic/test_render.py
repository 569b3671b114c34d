"""Images and labels of rendered rooms agree with each other and with the geometry."""

import numpy as np
import pytest

from mtkd.datasets.synthetic import render_scene

from .rendered import SIZE, rays, scenes


def test_same_arguments_same_scene():
    one, two = render_scene(3, 14, SIZE), render_scene(3, 14, SIZE)
    for name in vars(one):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name


@pytest.mark.parametrize('other', [(4, 14), (3, 15)])
def test_other_seed_or_index_other_scene(other):
    assert (render_scene(3, 14, SIZE).semseg != render_scene(*other, SIZE).semseg).any()


def test_forms():
    scene = render_scene(0, 0, (48, 80))
    for name in ('semseg', 'edge', 'sal', 'parts', 'instances', 'limbs'):
        array = getattr(scene, name)
        assert array.shape == (48, 80) and array.dtype == np.uint8, name
    assert scene.image.shape == (48, 80, 3) and scene.image.dtype == np.uint8
    assert scene.depth_m.shape == (48, 80) and scene.depth_m.dtype == np.float32
    assert scene.normals.shape == (48, 80, 3) and scene.normals.dtype == np.float32


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match='size'):
        render_scene(0, 0, (0, 10))
    with pytest.raises(ValueError, match='seed'):
        render_scene(-1, 0)


@pytest.mark.parametrize('index', range(6))
def test_geometry_is_the_same_at_three_times_the_size(index):
    small, large = render_scene(0, index, (40, 56)), render_scene(0, index, (120, 168))
    for name in ('semseg', 'instances', 'limbs', 'sal'):
        assert (getattr(small, name) == getattr(large, name)[1::3, 1::3]).mean() > 0.999, name
    assert np.median(np.abs(small.depth_m - large.depth_m[1::3, 1::3])) < 1e-5
    assert (np.abs(small.normals - large.normals[1::3, 1::3]).max(-1) < 1e-3).mean() > 0.995


def test_a_wider_picture_sees_the_same_and_more():
    narrow, wide = render_scene(0, 2, (60, 60)), render_scene(0, 2, (60, 100))
    assert (narrow.semseg == wide.semseg[:, 20:80]).mean() > 0.999


def test_normals_are_unit_and_face_the_camera():
    for scene in scenes():
        assert np.allclose(np.linalg.norm(scene.normals, axis=-1), 1, atol=1e-4)
        away = (scene.normals * rays(scene)).sum(-1) > 1e-4
        assert away.mean() < 1e-3
    assert np.mean([(scene.normals[..., 2] < 0).mean() for scene in scenes()]) > 0.9


def test_depth_and_normals_agree_on_planes():
    """If all neighbours are in one region and have the same normal, the surface through their points has that normal."""
    checked = 0
    for scene in scenes(20):
        points = rays(scene) * scene.depth_m[..., None]
        n = scene.normals
        flat = np.ones((SIZE[0] - 2, SIZE[1] - 2), bool)
        for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
            shifted = n[dy : dy + SIZE[0] - 2, dx : dx + SIZE[1] - 2]
            flat &= (np.abs(shifted - n[1:-1, 1:-1]) < 1e-4).all(-1)
            flat &= scene.instances[dy : dy + SIZE[0] - 2, dx : dx + SIZE[1] - 2] == scene.instances[1:-1, 1:-1]
        cross = np.cross(points[1:-1, 2:] - points[1:-1, :-2], points[2:, 1:-1] - points[:-2, 1:-1])
        cross /= np.linalg.norm(cross, axis=-1, keepdims=True)
        cosine = np.abs((cross * n[1:-1, 1:-1]).sum(-1))[flat]
        assert (cosine > 0.999).mean() > 0.95  # the rest are steps between parallel planes of one object
        checked += cosine.size
    assert checked > 20 * 5000


def test_edges_are_exactly_the_borders_of_regions():
    for scene in scenes(20):
        r = np.pad(scene.instances, ((0, 1), (0, 1)), mode='edge')
        border = (r[:-1, :-1] != r[:-1, 1:]) | (r[:-1, :-1] != r[1:, :-1])
        assert np.array_equal(scene.edge == 1, border)
        s = np.pad(scene.semseg, ((0, 1), (0, 1)), mode='edge')
        changes = (s[:-1, :-1] != s[:-1, 1:]) | (s[:-1, :-1] != s[1:, :-1])
        assert scene.edge[changes].all()  # a change of class is also a change of region
    assert 0.01 < np.mean([scene.edge.mean() for scene in scenes()]) < 0.15


def test_one_class_per_region():
    for scene in scenes():
        for region in np.unique(scene.instances):
            assert len(np.unique(scene.semseg[scene.instances == region])) == 1


def test_pictures_are_well_exposed():
    means = [scene.image.mean() for scene in scenes()]
    assert min(means) > 60 and max(means) < 190 and np.std(means) > 5
