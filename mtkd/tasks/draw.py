"""Colours for maps, with fixed palettes so that images of different runs can be compared."""

import colorsys
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ..structures import IGNORE

_GOLDEN = (5 ** 0.5 - 1) / 2
_SHADES = ((0.65, 0.95), (0.9, 0.7), (0.45, 0.8), (0.8, 0.45))  # (saturation, value), one per class in turn
NEAR_WARM = 'turbo_r'
_SWATCH = 64


@lru_cache
def palette() -> Tensor:
    """(256, 3) uint8 RGB: a colour per class id, hues a golden ratio apart; black for 255, the invalid id."""
    colours = [colorsys.hsv_to_rgb(k * _GOLDEN % 1, *_SHADES[k % len(_SHADES)]) for k in range(IGNORE)]
    return torch.from_numpy((np.array([*colours, (0, 0, 0)]) * 255).round().astype(np.uint8))


@lru_cache
def depth_colours() -> Tensor:
    """(256, 3) uint8 RGB from near (warm) to far (cold)."""
    from matplotlib import colormaps  # takes long to import
    return torch.from_numpy((colormaps[NEAR_WARM](np.arange(256))[:, :3] * 255).round().astype(np.uint8))


def draw_classes(ids: Tensor) -> Tensor:
    """(B, H, W) class ids, 255 invalid -> (B, 3, H, W) uint8."""
    return palette()[ids.detach().cpu().long()].movedim(-1, 1).contiguous()


def draw_depth(depth_m: Tensor, max_m: float) -> Tensor:
    """(B, 1, H, W) metres, 0 or NaN invalid -> (B, 3, H, W) uint8; depths are clamped to ``max_m``."""
    depth_m = depth_m.detach().cpu().float()[:, 0]
    valid = depth_m > 0  # NaN is not
    level = torch.where(valid, depth_m / max_m * 255, 0.0).round().clamp(0, 255).long()
    picture = torch.where(valid[..., None], depth_colours()[level], 0)
    return picture.movedim(-1, 1).contiguous()


def draw_normals(normals: Tensor, z_sign: int) -> Tensor:
    """(B, 3, H, W) vectors, zero or NaN invalid -> (B, 3, H, W) uint8: (n + 1) / 2 as RGB.

    ``z_sign`` is the sign of z of visible surfaces; z is flipped so that these are blue.
    """
    normals = normals.detach().cpu().float()
    valid = (normals != 0).any(1, keepdim=True) & normals.isfinite().all(1, keepdim=True)
    facing = normals * torch.tensor([1.0, 1.0, float(z_sign)]).view(1, 3, 1, 1)
    return torch.where(valid, ((facing + 1) / 2 * 255).round().clamp(0, 255), 0.0).to(torch.uint8)


def draw_binary(values: Tensor) -> Tensor:
    """(B, H, W) probabilities, NaN invalid, or {0, 1} with 255 invalid -> (B, 3, H, W) uint8, white for 1."""
    values = values.detach().cpu()
    if not values.is_floating_point():
        values = torch.where(values == IGNORE, 0, values)
    grey = (values.float().nan_to_num(0.0) * 255).round().clamp(0, 255).to(torch.uint8)
    return grey[:, None].expand(-1, 3, -1, -1).contiguous()


def draw_text(texts: list[str], colours: Tensor) -> Tensor:
    """Draw one swatch per text: (B,) texts on (B, 3) uint8 colours -> (B, 3, 64, 64) uint8."""
    import cv2  # takes long to import
    swatches = []
    for text, colour in zip(texts, colours.tolist(), strict=True):
        swatch: np.ndarray = np.full((_SWATCH, _SWATCH, 3), colour, np.uint8)
        ink = (0, 0, 0) if sum(colour) > 382 else (255, 255, 255)
        cv2.putText(swatch, text, (4, _SWATCH // 2 + 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, ink, 1, cv2.LINE_AA)
        swatches.append(torch.from_numpy(swatch.transpose(2, 0, 1).copy()))
    return torch.stack(swatches)
