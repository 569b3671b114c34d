"""Image sizes of a config, and checks that a network supports them."""

from typing import Any

import torch
from mmengine.config import Config
from torch import nn
from torch.func import functional_call

from ..structures import Size
from .loaders import datasets_of


def sizes_of(cfg: Config, split: str) -> list[Size]:
    """(height, width) of the images of a loader's data sets, if specified in their configs.

    It is that of the last transform with a ``size`` of two integers, otherwise that of the data set.

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
    """Check, before the first step, that all parts of the model with a ``check_size`` support the image sizes.

    Args:
        model: the model, with all its networks.
        cfg: its config.
        splits: splits of the loaders that will be used.

    Raises:
        ValueError: a size is not supported; the message names the loader and both sizes.
    """
    parts = [module for module in model.modules() if hasattr(module, 'check_size')]
    for split in splits:
        for size in sizes_of(cfg, split):
            for part in parts:
                try:
                    part.check_size(size)
                except ValueError as error:
                    raise ValueError(f'{cfg.filename}: {split}_dataloader yields images of {size[0]}x{size[1]}; '
                                     f'{error}') from None


def check_batch_of_one(net: nn.Module, cfg: Config) -> None:
    """Check, before the first step, that no batch normalisation at 1x1 is trained with batches of one image.

    The network runs on the meta device; the check is skipped if this is impossible or the image size is unknown.

    Raises:
        ValueError: there would be one value per channel, which has no variance.
    """
    loader = cfg.get('train_dataloader') or {}
    sizes = sizes_of(cfg, 'train')
    if loader.get('batch_size') != 1 or not sizes:
        return
    held = {name: value.to('meta') for name, value in (*net.named_parameters(), *net.named_buffers())}
    modes = {module: module.training for module in net.modules()}
    net.train()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            functional_call(net, held, torch.empty(1, 3, *sizes[0], device='meta'))
    except Exception as error:
        if 'more than 1 value per channel' in str(error):
            raise ValueError(f"{cfg.filename}: train_dataloader.batch_size=1 with images of {sizes[0][0]}x{sizes[0][1]} "
                             f"gives batch normalisation one value per channel: set norm='group' in the backbone and the "
                             f'head, or train with a larger batch_size or larger images.') from None
    finally:
        for module, mode in modes.items():
            module.training = mode
