"""Access to the plain vision transformer inside a backbone, for trunks that run its blocks one by one."""

from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn

from ...structures import Size

FINER = 4  # upsampling factor from the transformer's grid to the input of the heads


def plain_transformer(owner: str, backbone: nn.Module, name: str, why: str) -> VisionTransformer:
    """Check that a backbone contains a plain vision transformer, and return it.

    Args:
        owner: name of the trunk, for the error message.
        backbone: a ``TimmBackbone``.
        name: name of the model, for the error message.
        why: the reason for the requirement, for the error message.

    Raises:
        ValueError: it is another network, it has ``stage_norm``, or its patch size is not divisible by 4.
    """
    model = getattr(getattr(backbone, 'body', None), 'model', None)
    plain = isinstance(model, VisionTransformer) and all(type(block) is Block and hasattr(block.attn, 'qkv')
                                                         for block in model.blocks)
    if not plain or backbone.stage_norms is not None:
        raise ValueError(f"{owner}: backbone '{name}' is not a plain vision transformer without stage_norm, such as "
                         f"TimmBackbone's vit_base_patch16_384; {why}.")
    if backbone.strides[0] % FINER:
        raise ValueError(f"{owner}: backbone '{name}' has a patch size of {backbone.strides[0]} pixels, but it must be "
                         f'divisible by {FINER}, the factor by which features are upsampled.')
    return model


def embedded(backbone: nn.Module, image: Tensor) -> tuple[Tensor, Size]:
    """The input of the first block.

    Args:
        backbone: the backbone checked by :func:`plain_transformer`.
        image: (B, 3, H, W).

    Returns:
        (B, prefix + h w, C), with class and register tokens first, and (h, w).
    """
    model = backbone.body.model
    patches = model.patch_embed(backbone.padded(image))
    height, width = patches.shape[1:3] if patches.ndim == 4 else model.patch_embed.grid_size
    return model.norm_pre(model._pos_embed(patches)), (height, width)


def as_map(places: Tensor, size: Size) -> Tensor:
    """(B, h w, C) -> (B, C, h, w)."""
    return places.mT.unflatten(-1, size)
