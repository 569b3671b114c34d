"""Hooks on MMEngine's Runner."""

from .compile import CompileHook
from .pictures import PictureHook, panel
from .progress import ProgressHook
from .runtime_info import IntervalInfoHook

__all__ = ['CompileHook', 'IntervalInfoHook', 'PictureHook', 'ProgressHook', 'panel']
