"""The sizes of pictures that a config names, and whether a network can take them."""

from typing import Any

from mmengine.config import Config
from torch import nn

from ..structures import Size
from .config import datasets_of


def sizes_of(cfg: Config, split: str) -> list[Size]:
    """(height, width) of the pictures a loader's data sets hand out, where their configs name one.

    It is that of the last transform with a ``size`` of two whole numbers, or else of the data set itself.

    Args:
        cfg: a training config.
        split: ``'train'``, ``'val'`` or ``'test'``.
    """
    found = (_size_of(dataset) for dataset in datasets_of(cfg.get(f'{split}_dataloader')))
    return list(dict.fromkeys(size for size in found if size is not None))


def _size_of(dataset: Any) -> Size | None:
    named = [t.get('size') for t in dataset.get('pipeline') or [] if isinstance(t, dict)]
    for size in (*reversed(named), dataset.get('size')):
        match size:
            case [int() as height, int() as width]:
                return height, width
    return None


def check_sizes(model: nn.Module, cfg: Config, splits: tuple[str, ...]) -> None:
    """Refuse, before the first step, pictures that a part of the model with a ``check_size`` cannot take.

    Args:
        model: the model, with all its networks.
        cfg: its config.
        splits: of the loaders that are about to be read.

    Raises:
        ValueError: a size does not fit; names the loader and both sizes.
    """
    parts = [module for module in model.modules() if hasattr(module, 'check_size')]
    for split in splits:
        for size in sizes_of(cfg, split):
            for part in parts:
                try:
                    part.check_size(size)
                except ValueError as error:
                    raise ValueError(f'{cfg.filename}: {split}_dataloader makes pictures of {size[0]}x{size[1]}; '
                                     f'{error}') from None
