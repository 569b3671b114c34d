"""Optimizer wrappers: mixed precision on any device, and separate settings for parts of a model."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from ..registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS
from .combined_optimizer import CombinedOptimizer
from .unwrap import unwrapped

_DTYPES = {'bf16': torch.bfloat16, 'fp16': torch.float16}


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Runs the step under ``torch.autocast``; gradients are scaled only for fp16.

    Unlike MMEngine's ``AmpOptimWrapper``, it also supports CPUs in both precisions, so that effects such as overflow and
    skipped steps can be tested without a GPU.

    Args:
        dtype: ``'bf16'`` or ``'fp16'``.
        **kwargs: see :class:`mmengine.optim.OptimWrapper`.
    """

    def __init__(self, dtype: str = 'bf16', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dtype not in _DTYPES:
            raise ValueError(f"autocast dtype '{dtype}' is unknown; choose bf16 or fp16.")
        self.device_type = torch.device(get_device()).type
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
        """The state of the optimizer and of the scaler, if any."""
        state = super().state_dict()
        return {**state, 'loss_scaler': self.scaler.state_dict()} if self.scaler.is_enabled() else state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state returned by :meth:`state_dict`."""
        state = dict(state_dict)
        scaler = state.pop('loss_scaler', None)
        if scaler is not None and self.scaler.is_enabled():
            self.scaler.load_state_dict(scaler)
        super().load_state_dict(state)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PartsConstructor:
    """Builds one optimizer whose parameter groups are parts of the model with separate settings::

        optim_wrapper = dict(
            type='OptimWrapper', constructor='PartsConstructor', optimizer=dict(type='Adam', lr=1e-4),
            paramwise_cfg=dict(parts=dict(distiller=dict(lr=0.1, weight_decay=5e-4, schedule=False))))

    KD4MTL's adaptors have a separate optimizer (fact sheet 1.2.3). Adam and SGD update every parameter independently, so
    that groups of one optimizer are equivalent to several optimizers. A part with a ``type`` has a different optimizer and
    shares no settings with the first: ``dict(type='Adam', lr=5e-4)``.

    Args:
        optim_wrapper_cfg: the wrapper's config with ``optimizer`` inside; set by MMEngine.
        paramwise_cfg: ``parts``: prefix of parameter names (``'distiller'``, ``'net.trunk'``) -> arguments of the
            optimizer, such as ``lr`` and ``weight_decay``, that differ there, and ``schedule``: False keeps the learning
            rate constant, independent of the schedulers. The longest matching prefix applies; parameters without one use the
            optimizer's settings. With ``type``: that optimizer and its arguments.

    Raises:
        ValueError: a key other than ``parts``.
    """

    def __init__(self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None) -> None:
        unknown = set(paramwise_cfg or {}) - {'parts'}
        if unknown:
            raise ValueError(f'optim_wrapper.paramwise_cfg: PartsConstructor takes parts; it was given {sorted(unknown)}.')
        self.wrapper_cfg = {'type': 'OptimWrapper', **optim_wrapper_cfg}
        self.optimizer_cfg = dict(self.wrapper_cfg.pop('optimizer'))
        self.parts = {prefix: dict(options) for prefix, options in ((paramwise_cfg or {}).get('parts') or {}).items()}

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer and its wrapper.

        Raises:
            ValueError: a part has no parameters, or an option that the optimizer does not support.
        """
        model = unwrapped(model)
        members = self._members({name: p for name, p in model.named_parameters() if p.requires_grad})
        alike = {prefix: own for prefix, own in members.items() if 'type' not in self.parts.get(prefix, {})}
        optimizers = [self._of_one_kind(alike)] if alike else []
        optimizers += [self._of_its_own(prefix, own) for prefix, own in members.items() if prefix not in alike]
        optimizer = optimizers[0] if len(optimizers) == 1 else CombinedOptimizer(optimizers)
        for group in optimizer.param_groups:
            if not group.pop('schedule', True):
                group['fixed_lr'] = group['lr']
        # not an MMEngine hook: it works in any loop and, like the groups' settings, after resuming
        optimizer.register_step_pre_hook(_hold_fixed_rates)
        return OPTIM_WRAPPERS.build({**self.wrapper_cfg, 'optimizer': optimizer})

    def _of_one_kind(self, members: Mapping[str, list[nn.Parameter]]) -> torch.optim.Optimizer:
        """The optimizer of all parts without a ``type``, with one group for each."""
        groups = [{**self.parts.get(prefix, {}), 'params': own} for prefix, own in members.items()]
        optimizer = OPTIMIZERS.build({**self.optimizer_cfg, 'params': groups})
        for prefix in members:
            unknown = set(self.parts.get(prefix, {})) - set(optimizer.defaults) - {'schedule'}
            if unknown:
                raise ValueError(f"optim_wrapper.paramwise_cfg.parts['{prefix}'] has {sorted(unknown)}, which "
                                 f'{type(optimizer).__name__} does not know; it knows schedule, '
                                 f'{", ".join(optimizer.defaults)}.')
        return optimizer

    def _of_its_own(self, prefix: str, own: list[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimizer of a part with a ``type``."""
        options = dict(self.parts[prefix])
        schedule = options.pop('schedule', True)
        return OPTIMIZERS.build({**options, 'params': [{'params': own, 'schedule': schedule}]})

    def _members(self, parameters: Mapping[str, nn.Parameter]) -> dict[str, list[nn.Parameter]]:
        """Part -> its parameters, starting with those of no part, whose learning rate is logged."""
        members: dict[str, list[nn.Parameter]] = {'': [], **{prefix: [] for prefix in self.parts}}
        for name, parameter in parameters.items():
            fitting = [prefix for prefix in self.parts if f'{name}.'.startswith(f'{prefix}.')]
            members[max(fitting, key=len, default='')].append(parameter)
        for prefix in self.parts:
            if not members[prefix]:
                tops = dict.fromkeys('.'.join(name.split('.')[:-1][:2]) or name for name in parameters)
                raise ValueError(f"optim_wrapper.paramwise_cfg.parts names '{prefix}', but no trained parameter is left for "
                                 f'it; parameters begin with {", ".join(tops)}.')
        return {prefix: own for prefix, own in members.items() if own}


def _hold_fixed_rates(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Before every step, restore the learning rate of groups with a fixed one."""
    for group in optimizer.param_groups:
        if 'fixed_lr' in group:
            group['lr'] = group['fixed_lr']
