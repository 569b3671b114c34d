"""Measures the record of the training cost of a network, which the leaderboard writes and reads."""

import datetime
import sys
from pathlib import Path

import torch

from ...engine.record import code_version, versions
from ...leaderboard import NetworkCost, read_costs
from .comparators import Comparator
from .isolated import isolated
from .training_cost import Setting, step_times, weigh


def measure(network: Comparator, baseline: Comparator, setting: Setting, device: str, seconds: float) -> NetworkCost:
    """Measure one network.

    Args:
        network: the network.
        baseline: the network it is compared with.
        setting: the conditions of the measurement.
        device: the device's name, see :func:`device_name`.
        seconds: time limit of each measurement.

    Raises:
        RuntimeError: the network could not be measured.
        TimeoutError: it took too long.
    """
    weight = weigh(network, setting, seconds)
    times = step_times(network, baseline, setting, seconds)
    return NetworkCost(
        network=network.name, backbone=network.backbone, config=network.config, config_sha256=network.sha256,
        baseline=baseline.name, baseline_config=baseline.config, params=weight.params, macs=weight.macs,
        input_size=setting.size, batch_size=setting.batch_size, step_seconds=times.seconds, baseline_seconds=times.baseline,
        step_ratio=times.ratio, ratio_quartiles=times.spread, steps=setting.steps, clock=setting.clock,
        kept_bytes=weight.kept, peak_bytes=weight.peak, peak_of=weight.peak_of, device=device, threads=setting.threads,
        seed=setting.seed, versions=versions(), code_version=code_version(),
        time=datetime.datetime.now().astimezone().isoformat(timespec='seconds'), command=' '.join(['python', *sys.argv]))


def is_measured(file: Path, network: Comparator, setting: Setting, device: str) -> bool:
    """Whether a file contains a record of this network in this setting."""
    if not file.is_file():
        return False
    wanted = (network.config, network.sha256, setting.size, setting.batch_size, setting.threads, setting.clock, device)
    return any((record.config, record.config_sha256, record.input_size, record.batch_size, record.threads, record.clock,
                record.device) == wanted for record in read_costs([file]))


def device_name(device: str) -> str:
    """The name of the device, queried in another process: a process that has initialised CUDA must not be forked later."""
    return isolated(_name_of, device, seconds=120)


def _name_of(device: str) -> str:
    return torch.cuda.get_device_name() if device == 'cuda' else 'CPU'
