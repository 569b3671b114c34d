"""The plain vision transformer inside a backbone, for trunks that do something between its blocks."""

from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn

from ...structures import Size

FINER = 4  # times, from the transformer's grid to the one that heads predict on


def plain_transformer(owner: str, backbone: nn.Module, name: str, why: str) -> VisionTransformer:
    """The transformer.

    Args:
        owner: the trunk that asks.
        backbone: a ``TimmBackbone``.
        name: of the model, for the error.
        why: what the trunk does with its blocks, for the error.

    Raises:
        ValueError: it is another network, its stages have norms of their own, or 4 does not divide its patch.
    """
    model = getattr(getattr(backbone, 'body', None), 'model', None)
    plain = isinstance(model, VisionTransformer) and all(type(block) is Block and hasattr(block.attn, 'qkv')
                                                         for block in model.blocks)
    if not plain or backbone.stage_norms is not None:
        raise ValueError(f"{owner}: backbone '{name}' is not a plain vision transformer without stage_norm, such as "
                         f"TimmBackbone's vit_base_patch16_384; {why}.")
    if backbone.strides[0] % FINER:
        raise ValueError(f"{owner}: backbone '{name}' has patches of {backbone.strides[0]} pixels, and 4 must divide them: "
                         f'features are made 4 times as fine.')
    return model


def embedded(backbone: nn.Module, image: Tensor) -> tuple[Tensor, Size]:
    """What the first block reads.

    Args:
        backbone: of :func:`plain_transformer`.
        image: (B, 3, H, W).

    Returns:
        (B, prefix + h w, C), the class token and the like first, and (h, w).
    """
    model = backbone.body.model
    patches = model.patch_embed(backbone.padded(image))
    height, width = patches.shape[1:3] if patches.ndim == 4 else model.patch_embed.grid_size
    return model.norm_pre(model._pos_embed(patches)), (height, width)


def as_map(places: Tensor, size: Size) -> Tensor:
    """(B, h w, C) -> (B, C, h, w)."""
    return places.mT.unflatten(-1, size)
