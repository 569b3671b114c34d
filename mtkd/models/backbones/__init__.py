"""Backbones: picture -> multi-scale features."""

from .timm_backbone import TimmBackbone

__all__ = ['TimmBackbone']
