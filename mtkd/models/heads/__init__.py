"""Heads: the shared feature -> one task's feature and output."""

from .fcn import FCNHead

__all__ = ['FCNHead']
