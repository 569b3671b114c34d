"""Use any network as the backbone of a student."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ...registry import BACKBONES
from ...structures import Size
from ..foreign_model import build_foreign_model, foreign_scale
from ..known_weights import scale_of
from ..tapping import TapCfg, TappedModel


@BACKBONES.register_module()
class ForeignBackbone(nn.Module):
    """Multi-scale features tapped from a torchvision, Hugging Face, timm or imported network.

    Args:
        model: the network: arguments of :func:`~mtkd.models.foreign_model.build_foreign_model`
            (``source``, ``name``, ``checkpoint``, ``kwargs`` …), or a module.
        taps: the submodules whose outputs are the levels, finest first; paths, or dictionaries as in
            :class:`~mtkd.models.tapping.TappedModel`.
        tokens: see :class:`~mtkd.models.tapping.TappedModel`.
        drop: paths of submodules that no level needs, such as the classifier; they are replaced by the identity, so that
            they are neither trained nor deployed.
        input_size: (height, width) of the trial forward that determines channels and strides; the network may later receive
            images of any size that it supports.
        name: the name shown in tables; by default that of the network.

    Attributes:
        channels: number of channels of each level.
        strides: stride of each level relative to the image.
        scale: the normalisation (mean, std per channel, 0..255) of the weights; None if it is unknown.
        usual_scale: the normalisation that the network's library states for the weights; used by default, and a different
            one causes a warning.

    Raises:
        ValueError: see the two classes above; or a tap is not a map, or no level depends on some weights.
    """

    def __init__(self, model: Mapping[str, Any] | nn.Module, taps: Sequence[TapCfg],
                 tokens: Mapping[str, int] | None = None, drop: Sequence[str] = (), input_size: Size = (224, 224),
                 name: str | None = None) -> None:
        super().__init__()
        network = model if isinstance(model, nn.Module) else build_foreign_model(**model)
        described = model if isinstance(model, Mapping) else {}
        self.scale = scale_of(str(described.get('name')), described.get('weights'))
        self.usual_scale = foreign_scale(**described) if described else None
        self.name = name or (type(model).__name__ if isinstance(model, nn.Module) else model['name'])
        for path in drop:
            _drop(network, path, self.name)
        self.body = TappedModel(network, {f'{i}': tap for i, tap in enumerate(taps)}, tokens, input_size)
        specs = list(self.body.tap_specs.values())
        vectors = [tap for tap, spec in zip(taps, specs, strict=True) if spec.stride == 0]
        if vectors:
            raise ValueError(f'backbone {self.name}: tap {vectors[0]!r} is a vector per image; every level must be a map.')
        unreached = self.body.unreached()
        if unreached:
            raise ValueError(f'backbone {self.name}: no tap depends on {len(unreached)} of its weights '
                             f'({", ".join(unreached[:3])}); list their modules in drop=[…].')
        self.channels: list[int] = [spec.channels for spec in specs]
        self.strides: list[int] = [spec.stride for spec in specs]

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised image -> one (B, C_i, h_i, w_i) map per level."""
        return list(self.body(image).values())


def _drop(network: nn.Module, path: str, name: str) -> None:
    """Replace a submodule by the identity."""
    parent, _, child = path.rpartition('.')
    if path not in dict(network.named_modules()) or not path:
        raise ValueError(f"backbone {name} has no module '{path}', which is listed in drop; its modules are "
                         f"{', '.join(key for key, _ in network.named_children())}.")
    setattr(network.get_submodule(parent), child, nn.Identity())
