"""A checkpoint of the toy config without training it."""

from pathlib import Path

import torch

from mtkd.engine.config import config_hash, load_config
from mtkd.models import build_net
from mtkd.tasks import build_tasks

from ..engine.toy import write_config


def write_student(folder: Path, addition: str = '', seed: int = 0) -> tuple[Path, Path]:
    """Write the toy config followed by ``addition``, and a checkpoint of random weights as after a training."""
    config = write_config(folder)
    config.write_text(config.read_text() + addition)
    cfg = load_config(config)
    torch.manual_seed(seed)
    net = build_net(cfg.model.net, {name: task.out_channels for name, task in build_tasks(cfg.tasks).items()})
    checkpoint = folder / 'final.pth'
    torch.save({'state_dict': {**{f'net.{key}': value for key, value in net.state_dict().items()},
                               'distiller.links.0.projector.0.weight': torch.zeros(1)},
                'meta': {'seed': 3, 'config_sha256': config_hash(cfg.to_dict())}}, checkpoint)
    return config, checkpoint
