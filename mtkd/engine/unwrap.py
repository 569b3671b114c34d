"""Unwraps the model from MMEngine's wrappers for distributed training."""

from typing import Any

from mmengine.model import is_model_wrapper


def unwrapped(model: Any) -> Any:
    """``model.module`` of a wrapper such as MMDistributedDataParallel, any other model unchanged."""
    return model.module if is_model_wrapper(model) else model
