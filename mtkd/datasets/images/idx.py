"""IDX files: the format of MNIST and its relatives."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import Size

from ..base import BadData
from .array import ArrayDataset, Arrays, as_size
from .attributes import fitted

FILES = {'train': ('train-images-idx3-ubyte', 'train-labels-idx1-ubyte'),
         'test': ('t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte')}
UNSIGNED_BYTES = 8


@DATASETS.register_module()
class IDXImages(ArrayDataset):
    """Grey images and labels in IDX files, plain or with ``.gz``: MNIST, Fashion-MNIST, KMNIST, EMNIST.

    Below ``data_root``: ``<prefix>train-images-idx3-ubyte`` and ``…labels-idx1-ubyte``, and for ``test`` the same with
    ``t10k`` or ``test``.

    Args:
        args: see :class:`ArrayDataset`.
        task: name of the task of the label.
        prefix: prefix of the file names, such as ``'emnist-letters-'``.
        first_label: the smallest label in the files, which becomes class 0 (1 for EMNIST letters).
        transposed: whether images are stored by columns, as in the official EMNIST files.
        size: (height, width), or the side of a square, to which images are resized.
        kwargs: see :class:`ArrayDataset`.

    Raises:
        BadData (on use): a file is missing, damaged or not an IDX file, or the numbers of images and labels differ.

    Source: the format is described on the MNIST page (LeCun, Cortes, Burges).
    """

    SPLITS = tuple(FILES)

    def __init__(self, *args: Any, task: str = 'label', prefix: str = '', first_label: int = 0, transposed: bool = False,
                 size: int | Size = 32, **kwargs: Any) -> None:
        self.OFFERS = {task: 'class_label'}
        super().__init__(*args, **kwargs)
        self.task, self.prefix, self.first_label, self.transposed = task, prefix, first_label, transposed
        self.size = as_size(size, type(self).__name__)

    def load_arrays(self) -> Arrays:
        """All images of the split, in the files' order."""
        pictures, labels = (self._array(name) for name in FILES[self.split])
        if pictures.ndim != 3 or labels.ndim != 1:
            raise BadData(f"{self.name} '{self.split}': images {pictures.shape}, labels {labels.shape} are not (N, H, W) "
                          f'and (N,): get the files again.')
        if self.transposed:
            pictures = pictures.transpose(0, 2, 1)
        images: np.ndarray = np.empty((len(pictures), *self.size, 3), np.uint8)
        for number, picture in enumerate(pictures):
            images[number] = fitted(np.ascontiguousarray(picture), self.size)[..., None]
        ids = [f'{self.split}_{number:06d}' for number in range(len(images))]
        return images, {self.task: labels.astype(np.int64) - self.first_label}, ids

    def _array(self, name: str) -> np.ndarray:
        names = [self.prefix + name, self.prefix + name.replace('t10k', 'test')]
        places = [self.data_root / (stem + suffix) for stem in dict.fromkeys(names) for suffix in ('.gz', '')]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise BadData(f'{places[0]} is missing: data_root must be the folder that holds it.')
        return read_idx(path)


def read_idx(path: Path) -> np.ndarray:
    """The array of an IDX file of unsigned bytes.

    Raises:
        BadData: it is damaged or of another format.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == '.gz' else path.read_bytes()
        zero, kind, axes = struct.unpack('>HBB', content[:4])
        shape = struct.unpack(f'>{axes}I', content[4:4 + 4 * axes])
    except (OSError, EOFError, struct.error) as error:
        raise BadData(f'{path} is not a readable IDX file ({error}): get it again.') from error
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
    if zero != 0 or kind != UNSIGNED_BYTES or values.size != np.prod(shape):
        raise BadData(f'{path} is no IDX file of unsigned bytes, or is cut short ({values.size} values of {shape}): get it '
                      f'again.')
    return values.reshape(shape)
