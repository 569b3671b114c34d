"""mtkd: knowledge distillation for multi-task and multi-dataset learning."""

__version__ = '0.1.0'
