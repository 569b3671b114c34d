"""Scenes that several tests use, rendered once."""

from functools import cache

import numpy as np

from mtkd.datasets.synthetic import CLASSES, Scene, render_scene

SIZE = (96, 128)
PERSON = CLASSES.index('person')


@cache
def scenes(count: int = 50) -> list[Scene]:
    return [render_scene(0, i, SIZE) for i in range(count)]


def rays(scene):
    """(H, W, 3) viewing directions with z = 1."""
    h, w = scene.semseg.shape
    y, x = np.mgrid[:h, :w] + 0.5
    return np.stack(((x - w / 2) / scene.focal_px, (y - h / 2) / scene.focal_px, np.ones((h, w))), -1)
