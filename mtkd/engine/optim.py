"""Mixed precision on any device, as an MMEngine optimizer wrapper."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from ..registry import OPTIM_WRAPPERS

_DTYPES = {'bf16': torch.bfloat16, 'fp16': torch.float16}


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the step under ``torch.autocast``; gradients are scaled only where it is needed, for fp16 on CUDA.

    MMEngine's ``AmpOptimWrapper`` refuses a CPU; this one does not.

    Args:
        dtype: ``'bf16'`` or ``'fp16'``.
        **kwargs: of :class:`mmengine.optim.OptimWrapper`.
    """

    def __init__(self, dtype: str = 'bf16', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dtype not in _DTYPES:
            raise ValueError(f"autocast dtype '{dtype}' is unknown; choose bf16 or fp16.")
        self.device_type = torch.device(get_device()).type
        if dtype == 'fp16' and self.device_type == 'cpu':
            raise ValueError('fp16 autocast needs a GPU; on a CPU use --amp bf16 or --amp off.')
        self.dtype = _DTYPES[dtype]
        self.scaler = torch.amp.GradScaler(self.device_type, enabled=dtype == 'fp16')

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast inside MMEngine's accumulation context."""
        with super().optim_context(model), torch.autocast(self.device_type, dtype=self.dtype):
            yield

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Backward of the scaled loss."""
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Unscale, clip if configured, step, update the scale."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's state, and the scaler's where one is at work."""
        state = self.optimizer.state_dict()
        return {**state, 'loss_scaler': self.scaler.state_dict()} if self.scaler.is_enabled() else state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what :meth:`state_dict` gave."""
        state = dict(state_dict)
        scaler = state.pop('loss_scaler', None)
        if scaler is not None and self.scaler.is_enabled():
            self.scaler.load_state_dict(scaler)
        self.optimizer.load_state_dict(state)
