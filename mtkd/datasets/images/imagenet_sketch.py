"""ImageNet-Sketch: drawings of ImageNet's 1000 classes."""

from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..picture_files import is_picture
from .labelled_files import LabelledFiles, class_folders, held_out


@DATASETS.register_module()
class ImageNetSketch(LabelledFiles):
    """``sketch/WNID/*.JPEG``, a fifth of each class held out as ``val``; classes in the order of the WNIDs.

    The release has no split. MLFD uses the last of scikit-learn's five stratified folds with seed 42; ours is sampled class
    by class in the same proportion, so it contains other images.

    Args:
        args: see :class:`LabelledFiles`.
        split_seed: seed of the division.
        kwargs: see :class:`LabelledFiles`.

    Source: fact sheet 2.6 (50,889 images).
    """

    COUNT = 1000

    def __init__(self, *args: Any, split_seed: int = 42, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.split_seed = split_seed

    def listed(self) -> list[tuple[Path, int]]:
        """See :class:`LabelledFiles`."""
        pictures = [(path, number) for number, folder in enumerate(class_folders(self.data_root / 'sketch'))
                    for path in sorted(filter(is_picture, folder.iterdir()))]
        return held_out(pictures, self.split, self.split_seed, self.name)
