"""Hooks on MMEngine's Runner."""

from .adaptive_lr import AdaptiveLR
from .balance import BalanceHook
from .compile import CompileHook
from .context_search import ContextSearchHook
from .label_counts import LabelCountHook
from .lr_range import LRRangeTest
from .pictures import PictureHook, ValidationPictureHook, panel
from .progress import ProgressHook
from .report import ReportHook
from .runtime_info import IntervalInfoHook
from .teacher_cache import TeacherCacheHook

__all__ = ['AdaptiveLR', 'BalanceHook', 'CompileHook', 'ContextSearchHook', 'IntervalInfoHook',
           'LRRangeTest', 'LabelCountHook', 'PictureHook', 'ProgressHook', 'ReportHook', 'TeacherCacheHook',
           'ValidationPictureHook', 'panel']
