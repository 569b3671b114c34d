"""CUB-200-2011: birds of 200 species."""

from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData
from .labelled_files import LabelledFiles, held_out

PROTOCOLS = ('official', 'mlfd')


@DATASETS.register_module()
class CUB200(LabelledFiles):
    """``images/*``, ``images.txt``, ``image_class_labels.txt`` and ``train_test_split.txt`` below ``data_root``.

    Args:
        args: see :class:`LabelledFiles`.
        protocol: ``'official'``: 5,994 training images, the other 5,794 are ``val``; ``'mlfd'``: a fifth of each class is
            held out as ``val``.
        split_seed: seed of the ``'mlfd'`` division; MLFD's own is not published.
        kwargs: see :class:`LabelledFiles`.

    Raises:
        ValueError: an unknown protocol.
        BadData (on use): a list is missing, or the lists do not contain the same images.

    Source: Wah et al. 2011; fact sheet 2.6.
    """

    COUNT = 200

    def __init__(self, *args: Any, protocol: str = 'official', split_seed: int = 42, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if protocol not in PROTOCOLS:
            raise ValueError(f"CUB200: protocol='{protocol}' is unknown; choose {' or '.join(PROTOCOLS)}.")
        self.protocol, self.split_seed = protocol, split_seed

    def listed(self) -> list[tuple[Path, int]]:
        """See :class:`LabelledFiles`."""
        paths, classes, training = (self._table(name) for name in
                                    ('images.txt', 'image_class_labels.txt', 'train_test_split.txt'))
        if not paths.keys() == classes.keys() == training.keys():
            raise BadData(f'images.txt, image_class_labels.txt and train_test_split.txt in {self.data_root} do not name the '
                          f'same images: get the data set again.')
        pictures = {key: (self.data_root / 'images' / path, int(classes[key]) - 1) for key, path in paths.items()}
        if self.protocol == 'mlfd':
            return held_out(list(pictures.values()), self.split, self.split_seed, self.name)
        return [picture for key, picture in pictures.items() if (training[key] == '1') == (self.split == 'train')]

    def _table(self, name: str) -> dict[str, str]:
        """A list of "number value" lines."""
        path = self.data_root / name
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
        return dict(line.split(maxsplit=1) for line in path.read_text().splitlines() if line.strip())
