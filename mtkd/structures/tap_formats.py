"""How a feature store writes one tap: plain numbers, 8 bits a value, or the k largest class scores.

===========  =============================================  ==========================================================
format       bytes of a (C, h, w) map                       error of a value that is read back
===========  =============================================  ==========================================================
``float32``  4·C·h·w                                        none
``float16``  2·C·h·w                                        half a unit in the last place of fp16: ≤ 2⁻¹¹ of the value
``int8``     C·h·w + 8·C                                    ≤ (max - min) / 510, over one channel of one row
``topk:K``   (3·K + 2)·h·w; (4·K + 2)·h·w if C > 256        see :class:`TopK`
===========  =============================================  ==========================================================
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch

Shape = Sequence[int]
OWN_SCALE_FROM = 16  # values of a channel from which on it has a scale of its own
LOWEST = -60000.0  # of a stored log-probability: finite in fp16


class TapFormat(ABC):
    """A format of one tap. A row is a fixed number of bytes, so that any row can be read alone.

    Attributes:
        name: as in headers and configs.
    """

    name: str

    def check(self, tap: str, shape: Shape) -> None:  # noqa: B027 (most formats store any shape)
        """Refuse a tap that this format cannot store.

        Raises:
            ValueError: its shape does not fit.
        """

    @abstractmethod
    def size(self, shape: Shape) -> int:
        """Bytes of one row of a tap with ``shape``, without the sample axis."""

    @abstractmethod
    def encode(self, values: np.ndarray) -> np.ndarray:
        """(n, ...) finite numbers -> (n, size) uint8.

        Raises:
            OverflowError: a value is not finite in this format.
        """

    @abstractmethod
    def decode(self, rows: np.ndarray, shape: Shape) -> np.ndarray:
        """(n, size) uint8 -> (n, *shape), float32 or float16."""


class Plain(TapFormat):
    """Every value as it is, in fp16 or fp32."""

    def __init__(self, name: str) -> None:
        self.name, self.dtype = name, np.dtype(name)

    def size(self, shape: Shape) -> int:
        return math.prod(shape) * self.dtype.itemsize

    def encode(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(over='ignore'):
            stored: np.ndarray = np.ascontiguousarray(values, self.dtype)
        _check_finite(stored)
        return stored.reshape(len(stored), -1).view(np.uint8)

    def decode(self, rows: np.ndarray, shape: Shape) -> np.ndarray:
        return np.ascontiguousarray(rows).view(self.dtype).reshape(len(rows), *shape)


class Int8(TapFormat):
    """8 bits a value, between the smallest and the largest value of its channel in its row.

    Values are ``code · scale + smallest`` with ``scale = (largest - smallest) / 255``, both float32, so that the error of a
    value is at most ``scale / 2`` (and the rounding of float32). A constant channel is exact. Channels of fewer than
    :data:`OWN_SCALE_FROM` values (such as those of a vector) share the scale of the whole row.
    """

    name = 'int8'

    def size(self, shape: Shape) -> int:
        return math.prod(shape) + 8 * self._groups(shape)

    def encode(self, values: np.ndarray) -> np.ndarray:
        groups = self._groups(values.shape[1:])
        wide: np.ndarray = values.reshape(len(values), groups, -1).astype(np.float64)
        low, high = wide.min(2, keepdims=True), wide.max(2, keepdims=True)
        with np.errstate(over='ignore'):
            limits: np.ndarray = np.concatenate([(high - low) / 255, low], 2).astype(np.float32)
            _check_finite(limits[..., :1] * np.float32(256))  # also the range: decoding must not overflow
        scale: np.ndarray = limits[..., :1].astype(np.float64)
        low = limits[..., 1:].astype(np.float64)
        codes = np.rint((wide - low) / np.where(scale > 0, scale, 1)).clip(0, 255).astype(np.uint8)
        return np.concatenate([limits.reshape(len(values), -1).view(np.uint8), codes.reshape(len(values), -1)], 1)

    def decode(self, rows: np.ndarray, shape: Shape) -> np.ndarray:
        groups = self._groups(shape)
        limits = np.ascontiguousarray(rows[:, :8 * groups]).view(np.float32).reshape(len(rows), groups, 2)
        codes = rows[:, 8 * groups:].reshape(len(rows), groups, -1)
        values: np.ndarray = np.multiply(codes, limits[..., :1], dtype=np.float32)
        values += limits[..., 1:]
        return values.reshape(len(rows), *shape)

    @staticmethod
    def _groups(shape: Shape) -> int:
        """Number of scales in a row."""
        return shape[0] if math.prod(shape[1:]) >= OWN_SCALE_FROM else 1


class TopK(TapFormat):
    """The K largest class scores at each position, as logarithms of probabilities in fp16, and their classes.

    The remaining probability is spread evenly over the other classes, as in
    :class:`~mtkd.distill.losses.TopKTeacher` with ``rest='even'``; its logarithm is stored as well. What is read back are
    log-probabilities (C, ...) in fp16: softmax gives the stored distribution, and the constant that a network adds to all
    scores of a position is lost. The error of a kept score is that of fp16 (≤ 2⁻¹¹ of the logarithm of its probability);
    logarithms below -60,000 become -60,000.

    Args:
        k: K.

    Source: Shen and Xing, ECCV 2022, "A fast knowledge distillation framework for visual recognition", section 3.2 (marginal
    smoothing). Implemented from the paper.
    """

    def __init__(self, k: int) -> None:
        self.k, self.name = k, f'topk:{k}'

    def check(self, tap: str, shape: Shape) -> None:
        if not self.k < shape[0] <= 65536:
            raise ValueError(f"{self.name} needs more than {self.k} and at most 65,536 classes, tap '{tap}' has {shape[0]} "
                             f'channels: give it another teacher_cache.dtype.')

    def size(self, shape: Shape) -> int:
        return (self.k * (2 + self._index(shape).itemsize) + 2) * math.prod(shape[1:])

    def encode(self, values: np.ndarray) -> np.ndarray:
        number, channels = values.shape[:2]
        scores: np.ndarray = np.ascontiguousarray(values, np.float32)
        _check_finite(scores)
        logs = torch.from_numpy(scores).reshape(number, channels, -1).double().log_softmax(1)
        top = logs.topk(self.k, 1)
        rest = logs.scatter(1, top.indices, -math.inf).logsumexp(1, keepdim=True) - math.log(channels - self.k)
        kept = torch.cat([top.values, rest], 1).clamp_min(LOWEST).half().numpy()
        classes = top.indices.numpy().astype(self._index(values.shape[1:]))
        return np.concatenate([part.reshape(number, -1).view(np.uint8) for part in (kept, classes)], 1)

    def decode(self, rows: np.ndarray, shape: Shape) -> np.ndarray:
        number, places = len(rows), math.prod(shape[1:])
        split = (self.k + 1) * 2 * places
        kept = torch.from_numpy(np.array(rows[:, :split]).view(np.float16)).view(number, self.k + 1, places)
        classes: np.ndarray = np.ascontiguousarray(rows[:, split:]).view(self._index(shape)).astype(np.int64)
        whole = kept[:, self.k:].expand(-1, shape[0], -1).clone()
        whole.scatter_(1, torch.from_numpy(classes).view(number, self.k, places), kept[:, :self.k])
        return whole.view(number, *shape).numpy()

    @staticmethod
    def _index(shape: Shape) -> np.dtype:
        return np.dtype(np.uint8 if shape[0] <= 256 else np.uint16)


NAMES = ('float16', 'float32', 'int8', 'topk:K')


def tap_format(name: str) -> TapFormat:
    """The format of a name: ``'float16'``, ``'float32'``, ``'int8'`` or ``'topk:K'`` with a number K above 0.

    Raises:
        ValueError: an unknown name.
    """
    if name in ('float16', 'float32'):
        return Plain(name)
    if name == Int8.name:
        return Int8()
    kind, _, k = name.partition(':') if isinstance(name, str) else ('', '', '')
    if kind != 'topk' or not (k.isascii() and k.isdigit()) or int(k) < 1:
        raise ValueError(f"'{name}' is no format of features: give one of {', '.join(NAMES)} (such as topk:4).")
    return TopK(int(k))


def _check_finite(values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise OverflowError(f'values that are not finite in {values.dtype}')
