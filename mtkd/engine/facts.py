"""What testing a checkpoint finds."""

from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from .cost import Cost
from .report import LAST_CHECKPOINT


@dataclass(frozen=True)
class Facts:
    """What testing a checkpoint found.

    Attributes:
        cfg: the prepared config.
        metrics: task -> name -> (value, unit, whether higher is better).
        primary: task -> the metric that stands for it in Δ_mt.
        cost: of the deployed network.
        meta: of the checkpoint.
        teachers: names of the config's teachers.
        peak_memory_bytes: see :func:`mtkd.engine.record.peak_memory`.
        device: name of the device.
        protocol: what the metrics are: of the last checkpoint, or over the last epochs (``report`` of a config).
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
