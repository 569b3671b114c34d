"""Labels of synthetic scenes, and the scenes of each split."""

import numpy as np

CLASSES = (
    'wall', 'floor', 'ceiling', 'bed', 'sofa', 'table', 'chair', 'cabinet', 'lamp', 'ball', 'picture', 'window', 'door',
    'rug', 'person',
)
"""Semantic classes; the id is the position."""

PARTS = ('background', 'head', 'torso', 'upper_arm', 'lower_arm', 'upper_leg', 'lower_leg')
"""The PASCAL 6-part convention (fact sheet 2.2)."""

LIMBS = (
    ('head', 1), ('hair', 1), ('neck', 2), ('torso', 2),
    ('luarm', 3), ('llarm', 4), ('lhand', 4), ('ruarm', 3), ('rlarm', 4), ('rhand', 4),
    ('luleg', 5), ('llleg', 6), ('lfoot', 6), ('ruleg', 5), ('rlleg', 6), ('rfoot', 6),
)  # fmt: skip
"""(PASCAL-Part name, part id) of each limb; the value in `Scene.limbs` is the position in this tuple + 1."""

SPLIT_START = {'train': 0, 'val': 1_000_000, 'test': 2_000_000}
"""First scene index of each split; the ranges do not overlap."""

CLASS_ID = {name: i for i, name in enumerate(CLASSES)}
LIMB_ID = {name: i + 1 for i, (name, _) in enumerate(LIMBS)}
PART_OF_LIMB = np.array([0] + [part for _, part in LIMBS], np.uint8)


def first_scene(split: str) -> int:
    """Index of the first scene of a split.

    Raises:
        ValueError: an unknown split.
    """
    if split not in SPLIT_START:
        raise ValueError(f"There is no split '{split}' of synthetic scenes; there are {', '.join(SPLIT_START)}.")
    return SPLIT_START[split]
