"""mtkd: knowledge distillation for multi-task and multi-dataset learning."""

from .late_imports import install

__version__ = '0.1.0'

install()
