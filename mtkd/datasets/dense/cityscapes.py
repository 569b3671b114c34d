"""Cityscapes with 7, 2 or 19 classes and inverse depth, as MTAN's authors prepared it."""

from typing import Any

from mtkd.registry import DATASETS

from .mtan_layout import MTANLayout

CLASS_COUNTS = (2, 7, 19)


@DATASETS.register_module()
class CityscapesMTAN(MTANLayout):
    """Street scenes with classes and inverse depth: ``{train,val}/{image,label_7,depth}/<number>.npy``.

    The release is 128x256 with 2,975 training and 500 test images (its ``val``). ``depth`` is normalised disparity,
    large values are near, 0 is invalid: its errors have no unit and are around 0.014.

    Args:
        classes: 7, 2 or 19: labels are read from ``label_<classes>``, or from ``label``, the name in LibMTL.
        **kwargs: see :class:`~mtkd.datasets.dense.mtan_layout.MTANLayout` and :class:`~mtkd.datasets.base.TaskDataset`.

    Raises:
        ValueError: there is no such release, or the task is configured for another number of classes.

    Source: fact sheet 2.4.
    """

    OFFERS = {'semseg': 'class_map', 'depth': 'depth'}
    DEPTH_UNIT = 'disparity'

    def __init__(self, *args: Any, classes: int = 7, **kwargs: Any) -> None:
        if classes not in CLASS_COUNTS:
            raise ValueError(f'classes={classes} of CityscapesMTAN: use one of {", ".join(map(str, CLASS_COUNTS))}.')
        self.FOLDERS = {'image': ('image',), 'semseg': (f'label_{classes}', 'label'), 'depth': ('depth',)}
        self.NUM_CLASSES = {'semseg': classes}
        super().__init__(*args, **kwargs)
