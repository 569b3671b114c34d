"""The collate function under the name that configs use: ``collate_fn=dict(type='mtkd_collate')``."""

from mmengine.registry import FUNCTIONS

from mtkd import frame  # noqa: F401 (MMEngine finds what mtkd registers)
from mtkd.structures import collate

FUNCTIONS.register_module(name='mtkd_collate', module=collate, force=True)

__all__ = ['collate']
