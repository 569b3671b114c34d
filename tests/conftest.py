"""What all tests share."""

import os

import pytest
import torch

torch.set_num_threads(1)  # tests run several at a time; more threads than cores make each slower
os.environ.setdefault('OMP_NUM_THREADS', '1')


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch):
    """No test reaches a model hub."""
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
