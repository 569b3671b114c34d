"""Teachers from other libraries: any network, tapped by module paths."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..models.foreign_model import build_foreign_model, foreign_scale
from ..models.known_weights import contradicts, scale_of
from ..models.picture_scale import IMAGENET_MEAN, IMAGENET_STD, check_statistics
from ..models.tapping import TapCfg
from ..registry import TEACHERS
from ..structures import Size
from .teacher import Teacher


@TEACHERS.register_module()
class ForeignTeacher(Teacher):
    """A torchvision, Hugging Face, timm or imported network as a teacher.

    Like every :class:`Teacher`, it is frozen, in eval mode and not saved in checkpoints. Maps keep the size of the network's
    output; a link resizes both sides to one size.

    Args:
        model: the network: arguments of :func:`~mtkd.models.foreign_model.build_foreign_model`
            (``source``, ``name``, ``checkpoint``, ``kwargs`` …), or a module.
        taps: tap -> module path, or a dictionary; see :class:`~mtkd.models.tapping.TappedModel`. A tap ``<task>.out`` is the
            output of that task: class scores in the student's order, metres, …
        tokens: how token sequences become maps; see :class:`~mtkd.models.tapping.TappedModel`.
        input_size: (height, width) that the whole image, padding included, is resized to (bilinear, antialiased) for this
            teacher; None: unchanged.
        mean: per channel, RGB, on the 0..255 scale of the raw image; by default what the model's weights were trained with
            (:func:`~mtkd.models.known_weights.scale_of`, :func:`~mtkd.models.foreign_model.foreign_scale`), else ImageNet's.
        std: likewise.
        tasks: the tasks of the student, set by the distiller; not used.
        **kwargs: see :class:`Teacher`.

    Raises:
        ValueError: see the two classes above; or the statistics are on the 0..1 scale, or contradict the weights.
    """

    def __init__(self, model: Mapping[str, Any] | nn.Module, taps: Mapping[str, TapCfg],
                 tokens: Mapping[str, int] | None = None, input_size: Size | None = None,
                 mean: Sequence[float] | None = None, std: Sequence[float] | None = None,
                 tasks: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        wanted = scale_of(str(model.get('name')), model.get('weights')) if isinstance(model, Mapping) else None
        stated = wanted or (foreign_scale(**model) if isinstance(model, Mapping) else None)
        own = stated or (IMAGENET_MEAN, IMAGENET_STD)
        mean, std = own[0] if mean is None else mean, own[1] if std is None else std
        if wanted is not None and contradicts(wanted, mean, std):
            raise ValueError(f"ForeignTeacher: the weights of '{dict(model)['name']}' need mean {wanted[0]} and std "
                             f'{wanted[1]}, but it was given {tuple(mean)} and {tuple(std)}: remove mean and std.')
        check_statistics(mean, std, 'ForeignTeacher')
        if wanted is None and stated is not None and contradicts(stated, mean, std):
            warnings.warn(f"the weights of the foreign teacher '{dict(model)['name']}' were trained with mean {stated[0]} "
                          f'and std {stated[1]}, but it was given {tuple(mean)} and {tuple(std)}: remove mean and std to '
                          f'use those of the weights.')
        self.input_size = None if input_size is None else (int(input_size[0]), int(input_size[1]))
        if isinstance(model, Mapping) and model.get('source') != 'import' and not (
                model.get('checkpoint') or model.get('pretrained') or model.get('weights')):
            warnings.warn(f"The foreign teacher '{model.get('name')}' has no checkpoint and keeps its random initial "
                          f'weights.')
        network = model if isinstance(model, nn.Module) else build_foreign_model(**model)
        super().__init__(network, mean, std, taps=taps, tokens=tokens, probe_size=self.input_size or (224, 224), **kwargs)

    def _normalise(self, image: Tensor) -> Tensor:
        normalised = super()._normalise(image)
        if self.input_size is None or tuple(image.shape[-2:]) == self.input_size:
            return normalised
        resized = F.interpolate(normalised.float(), self.input_size, mode='bilinear', align_corners=False, antialias=True)
        return resized.to(normalised.dtype, memory_format=self.memory_format)
