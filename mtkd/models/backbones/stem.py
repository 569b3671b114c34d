"""Smaller stem strides, so that networks designed for 224x224 images work on small ones."""

from torch import nn


def set_stem_stride(body: nn.Module, stride: int) -> int:
    """Reduce the stem stride of a timm network; kernels and weights are unchanged.

    ResNets (``conv1`` of stride 2, then a max pooling of stride 2) accept 1 or 2: the pooling is removed and, for 1, the
    convolution gets stride 1. EfficientNets and MobileNets (``conv_stem`` of stride 2) accept 1. For transformers, use
    ``patch_size``.

    Args:
        body: a timm feature extractor; changed in place.
        stride: stride of the stem.

    Returns:
        The factor by which the strides of all features are reduced.

    Raises:
        ValueError: the network has no such stem.
    """
    pooled, plain = getattr(body, 'conv1', None), getattr(body, 'conv_stem', None)
    if pooled is not None and isinstance(getattr(body, 'maxpool', None), nn.Module) and stride in (1, 2):
        body.maxpool = nn.Identity()
        if stride == 1:
            _unstride(pooled)
        return 4 // stride
    if plain is not None and stride == 1:
        _unstride(plain)
        return 2
    fits = '1 or 2' if pooled is not None else '1'
    cure = f'give {fits}, or leave stem_stride out' if pooled is not None or plain is not None else \
        'give a transformer patch_size=, and leave stem_stride out'
    raise ValueError(f'stem_stride={stride} does not fit this network: {cure}.')


def _unstride(stem: nn.Module) -> None:
    for module in stem.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
