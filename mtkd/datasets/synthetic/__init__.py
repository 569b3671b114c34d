"""Synthetic rooms with exact labels for six dense tasks, rendered in NumPy; and writers of the real data sets' layouts.

A scene is a function of (seed, index): ``room`` composes it from ``things`` and ``materials``, ``render`` makes the image
and the labels. Classes differ in shape and position, not in colour. ``scenes`` is the data set, ``layouts`` writes files in
the layouts of NYUD-MT, PASCAL-MT, CamVid, NYUv2 and Cityscapes.
"""

from .clips import SyntheticClips
from .images import SyntheticImages
from .labels import CLASSES, LIMBS, PARTS, SPLIT_START
from .layouts import write_camvid, write_cityscapes_mtan, write_nyud_mt, write_nyuv2_mtan, write_pascal_mt
from .render import Scene, render_scene
from .scenes import SyntheticScenes

__all__ = ['CLASSES', 'LIMBS', 'PARTS', 'SPLIT_START', 'Scene', 'SyntheticClips', 'SyntheticImages', 'SyntheticScenes',
           'render_scene', 'write_camvid', 'write_cityscapes_mtan', 'write_nyud_mt', 'write_nyuv2_mtan', 'write_pascal_mt']
