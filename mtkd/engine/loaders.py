"""The loaders of a config, and the data sets in them."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import ConfigDict

DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def datasets_of(loader: Any) -> Iterator[ConfigDict]:
    """The configs of all data sets of a loader, including a MultiDataset and the data sets in it."""
    pending = [loader['dataset']] if loader else []
    while pending:
        dataset = pending.pop()
        yield dataset
        pending.extend(dataset.get('datasets') or [])
