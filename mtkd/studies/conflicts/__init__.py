"""Agreement of the tasks' gradients during training."""

from .hook import GradientConflictHook

__all__ = ['GradientConflictHook']
