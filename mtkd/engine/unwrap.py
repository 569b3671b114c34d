"""The model itself, out of what MMEngine puts around it for distributed training."""

from typing import Any

from mmengine.model import is_model_wrapper


def unwrapped(model: Any) -> Any:
    """``model.module`` of a wrapper such as MMDistributedDataParallel, any other model as it is."""
    return model.module if is_model_wrapper(model) else model
