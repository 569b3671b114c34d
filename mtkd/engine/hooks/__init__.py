"""Hooks on MMEngine's Runner."""

from .adaptive_lr import AdaptiveLR
from .balance import BalanceHook
from .compile import CompileHook
from .context_search import ContextSearchHook
from .finite import Diverged, FiniteHook
from .label_counts import LabelCountHook
from .logger import IntervalLoggerHook
from .lr_range import LRRangeTest
from .pictures import PictureHook, ValidationPictureHook, panel
from .progress import ProgressHook
from .report import ReportHook
from .runtime_info import IntervalInfoHook

__all__ = ['AdaptiveLR', 'BalanceHook', 'CompileHook', 'ContextSearchHook', 'Diverged', 'FiniteHook', 'IntervalInfoHook',
           'IntervalLoggerHook', 'LRRangeTest', 'LabelCountHook', 'PictureHook', 'ProgressHook', 'ReportHook',
           'ValidationPictureHook', 'panel']
