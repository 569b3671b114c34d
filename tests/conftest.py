"""Fixtures and settings of all tests."""

import os

import pytest
import torch

torch.set_num_threads(1)  # several tests run at a time; more threads than cores would slow down all of them
os.environ.setdefault('OMP_NUM_THREADS', '1')


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch):
    """No test contacts a model hub."""
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
