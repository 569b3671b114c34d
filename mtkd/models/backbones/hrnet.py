"""Adapt timm's HRNet to images whose sides are not divisible by its strides."""

from timm.models.hrnet import HighResolutionModule
from torch import Tensor, nn
from torch.nn import functional as F


class AnySizeFusion(HighResolutionModule):
    """HRNet's multi-resolution module with each fused branch resized to the receiving branch's size.

    timm upsamples by a fixed factor, which gives 108 instead of 107 rows for a height of 425. Nearest-neighbour resizing to
    the size of the other branch gives the same result where the factors fit, and has the cost stated in the paper (fact
    sheet 1.1.6).
    """

    def forward(self, x: list[Tensor]) -> list[Tensor]:
        if self.num_branches == 1:
            return [self.branches[0](x[0])]
        x = [branch(level) for branch, level in zip(self.branches, x, strict=True)]
        fused = []
        for i, row in enumerate(self.fuse_layers):
            size = x[i].shape[-2:]
            terms = [_resized(layer(x[j]), size) for j, layer in enumerate(row)]
            fused.append(self.fuse_act(sum(terms[1:], terms[0])))
        return fused


def _resized(term: Tensor, size: tuple[int, int]) -> Tensor:
    return term if term.shape[-2:] == size else F.interpolate(term, size=size, mode='nearest')


def fuse_any_size(body: nn.Module) -> None:
    """Convert every :class:`HighResolutionModule` of ``body`` into :class:`AnySizeFusion`; parameter names are unchanged."""
    for module in body.modules():
        if type(module) is HighResolutionModule:
            module.__class__ = AnySizeFusion
            for layer in module.fuse_layers.modules():
                for name, child in layer.named_children():
                    if isinstance(child, nn.Upsample):
                        setattr(layer, name, nn.Identity())
