"""How far the tasks' gradients agree during a training."""

from .hook import GradientConflictHook

__all__ = ['GradientConflictHook']
