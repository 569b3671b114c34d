"""SVHN: digits of house numbers."""

from typing import Any

import numpy as np

from mtkd.registry import DATASETS

from ..base import BadData
from ..files import read_mat
from .array import ArrayDataset, Arrays, stratified

FILES = {'train': 'train_32x32.mat', 'val': 'train_32x32.mat', 'test': 'test_32x32.mat', 'extra': 'extra_32x32.mat'}
SIDE = 32
ZERO = 10  # how the files write the digit 0


@DATASETS.register_module()
class SVHN(ArrayDataset):
    """Format 2 of the release: ``train_32x32.mat``, ``test_32x32.mat`` and ``extra_32x32.mat`` below ``data_root``.

    The release has no validation set: ``val`` samples of the training file are held out, class by class, with
    ``split_seed``; ``train`` is then the rest. Without ``val``, ``train`` is the whole file and there is no split ``val``:
    use ``split='test'`` to validate on the test file. ``val=26040`` gives KD4MTL's counts: 47,217 and 26,040.

    Args:
        args: see :class:`ArrayDataset`.
        task: name of the task whose label is the digit.
        val: number or fraction of the training samples to hold out; None: none.
        split_seed: seed of the division.
        kwargs: see :class:`ArrayDataset`.

    Raises:
        ValueError: ``split='val'`` without ``val``.
        BadData (on use): a file is missing or does not contain 32x32 images with a label from 1 to 10 each, or the division
            would leave a class empty.

    Source: Netzer et al. 2011; fact sheet 2.5. Only the counts of the paper's division are known.
    """

    SPLITS = tuple(FILES)
    size = (SIDE, SIDE)

    def __init__(self, *args: Any, task: str = 'svhn', val: int | float | None = None, split_seed: int = 0,
                 **kwargs: Any) -> None:
        self.OFFERS = {task: 'class_label'}
        self.NUM_CLASSES = {task: 10}
        self.CLASSES = {task: tuple('0123456789')}
        super().__init__(*args, **kwargs)
        if self.split == 'val' and val is None:
            raise ValueError("SVHN has no split 'val' of its own: say how many training samples make one, as in val=26040 "
                             "(here and for split='train'), or use split='test'.")
        self.task, self.val, self.split_seed = task, val, split_seed

    def load_arrays(self) -> Arrays:
        """The samples of the split from its file."""
        images, labels = self._file()
        kept = np.arange(len(labels))
        if self.val is not None and self.split in ('train', 'val'):
            try:
                held = stratified(labels, self.val, self.split_seed, f'SVHN(val={self.val})')
            except ValueError as error:
                raise BadData(str(error)) from error
            kept = np.flatnonzero(held if self.split == 'val' else ~held)
            images, labels = images[kept], labels[kept]
        origin = FILES[self.split].split('_')[0]
        return images, {self.task: labels}, [f'{origin}_{number:06d}' for number in kept.tolist()]

    def _file(self) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, 32, 32, 3) uint8 and digits (N,) int64 of the split's file."""
        path = self.data_root / FILES[self.split]
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
        pictures, stored = np.asarray(read_mat(path, 'X')), np.atleast_1d(read_mat(path, 'y'))
        if pictures.ndim == 3:
            pictures = pictures[..., None]  # SciPy drops the last axis for a single image
        if pictures.dtype != np.uint8 or pictures.shape[:3] != (SIDE, SIDE, 3) or stored.shape != pictures.shape[3:]:
            raise BadData(f'{path} holds X {pictures.shape} {pictures.dtype} and y {stored.shape}, format 2 of SVHN is X '
                          f'(32, 32, 3, N) uint8 and y (N,): get the file again.')
        wrong = stored[~np.isin(stored, np.arange(1, ZERO + 1))]
        if wrong.size:
            raise BadData(f'{path} holds the label {wrong[0]}, labels are 1 to 9 and {ZERO} for the digit 0: get the file '
                          f'again.')
        return pictures.transpose(3, 0, 1, 2), stored.astype(np.int64) % ZERO
