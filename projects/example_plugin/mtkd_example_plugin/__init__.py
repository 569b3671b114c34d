"""A distillation loss for mtkd. Importing the package registers it; a config does so with ``custom_imports``."""

from .hellinger import Hellinger

__all__ = ['Hellinger']
