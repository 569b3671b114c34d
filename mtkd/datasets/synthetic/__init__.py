"""Synthetic rooms with exact labels for six dense tasks, rendered in NumPy; and writers of the real data sets' layouts.

A scene follows from (seed, index): ``room`` draws it out of ``things`` and ``materials``, ``render`` makes the image and
the labels. A class is known by shape and place, not by colour. ``scenes`` is the data set, ``layouts`` writes files as
NYUD-MT, PASCAL-MT, CamVid, NYUv2 and Cityscapes have them.
"""

from .clips import SyntheticClips
from .images import SyntheticImages
from .labels import CLASSES, LIMBS, PARTS, SPLIT_START
from .layouts import write_camvid, write_cityscapes_mtan, write_nyud_mt, write_nyuv2_mtan, write_pascal_mt
from .render import Scene, render_scene
from .scenes import SyntheticScenes

__all__ = ['CLASSES', 'LIMBS', 'PARTS', 'SPLIT_START', 'Scene', 'SyntheticClips', 'SyntheticImages', 'SyntheticScenes',
           'render_scene', 'write_camvid', 'write_cityscapes_mtan', 'write_nyud_mt', 'write_nyuv2_mtan', 'write_pascal_mt']
