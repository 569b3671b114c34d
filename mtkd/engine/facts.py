"""Results of testing a checkpoint."""

from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from .cost import Cost
from .report import LAST_CHECKPOINT


@dataclass(frozen=True)
class Facts:
    """Results of testing a checkpoint.

    Attributes:
        cfg: the prepared config.
        metrics: task -> name -> (value, unit, whether higher is better).
        primary: task -> its metric in Δ_mt.
        cost: cost of the deployed network.
        meta: metadata of the checkpoint.
        teachers: names of the teachers in the config.
        peak_memory_bytes: see :func:`mtkd.engine.record.peak_memory`.
        device: name of the device.
        protocol: source of the metrics: the last checkpoint, or the last epochs (``report`` of a config).
    """

    cfg: Config
    metrics: dict[str, dict[str, tuple[float, str, bool]]]
    primary: dict[str, str]
    cost: Cost
    meta: dict[str, Any]
    teachers: tuple[str, ...]
    peak_memory_bytes: int
    device: str
    protocol: str = LAST_CHECKPOINT
