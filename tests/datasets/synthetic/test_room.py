"""The contents of a room and their positions."""

import numpy as np

from mtkd.datasets.synthetic import CLASSES
from mtkd.datasets.synthetic.materials import Draws
from mtkd.datasets.synthetic.room import build_world

from .rendered import scenes


def test_depth_lies_in_a_room():
    low = min(float(scene.depth_m.min()) for scene in scenes())
    high = max(float(scene.depth_m.max()) for scene in scenes())
    assert low > 0.6 and 5 < high < 10


def test_floor_points_up_and_ceiling_down():
    for scene in scenes(20):
        floor, ceiling = scene.normals[scene.semseg == 1], scene.normals[scene.semseg == 2]
        assert (floor[:, 1] < -0.8).all() and (ceiling[:, 1] > 0.8).all()


def test_saliency_marks_whole_things():
    shares = []
    for scene in scenes():
        assert set(np.unique(scene.sal)) <= {0, 1}
        marked = set(np.unique(scene.instances[scene.sal == 1]))
        assert not marked & {1, 2, 3} and len(marked) <= 2
        assert np.array_equal(np.isin(scene.instances, list(marked)), scene.sal == 1)
        shares.append(bool(marked))
    assert np.mean(shares) > 0.85


def test_classes_are_varied():
    share = np.mean([[(scene.semseg == c).any() for c in range(len(CLASSES))] for scene in scenes()], axis=0)
    assert (share >= 0.2).sum() >= 12 and (share > 0).all()


def test_things_do_not_stand_in_each_other_nor_in_walls():
    standing = 0
    for seed in range(30):
        world = build_world(Draws(np.random.default_rng(seed)))
        for i, here in enumerate(world.footprints):
            assert -world.half[0] <= here.x0 < here.x1 <= world.half[0]
            assert -world.half[1] <= here.y0 < here.y1 <= world.half[1]
            for other in world.footprints[:i]:
                assert min(here.x1, other.x1) <= max(here.x0, other.x0) or min(here.y1, other.y1) <= max(here.y0, other.y0)
        standing += len(world.footprints)
        assert len(world.pieces) == len(world.labels) == len(world.regions) and world.regions[:3] == [1, 2, 3]
    assert standing > 60
