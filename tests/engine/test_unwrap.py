"""Removing wrappers from a model."""

import torch
from mmengine.model import is_model_wrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from mtkd.engine.unwrap import unwrapped


def test_wrappers_are_taken_off_and_models_stay():
    class Wrapper(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

    inner = nn.Linear(1, 1)
    plain = Wrapper(inner)  # has a module, but is not a registered wrapper
    assert unwrapped(inner) is inner and unwrapped(plain) is plain
    MODEL_WRAPPERS.register_module(module=Wrapper, name='WrapperOfThisTest', force=True)
    try:
        assert is_model_wrapper(plain) and unwrapped(plain) is inner
    finally:
        MODEL_WRAPPERS._module_dict.pop('WrapperOfThisTest')
    assert isinstance(unwrapped(nn.DataParallel(torch.nn.Identity())), nn.Identity)
