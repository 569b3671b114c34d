"""Embeddings pooled over time."""

import pytest
import torch

from mtkd.models.heads import TemporalPoolHead


@pytest.mark.parametrize('pool', ['mean', 'max'])
def test_pooled_before_the_classifier(pool):
    head, frames = TemporalPoolHead(6, 3, pool, {'type': 'MLPHead', 'channels': 5}).eval(), torch.randn(4, 6, 7)
    pooled = frames.mean(2) if pool == 'mean' else frames.max(2).values
    feature = head.feature(frames)
    assert head.feature_channels == 5
    torch.testing.assert_close(feature, head.head.feature(pooled))
    assert head.predict(feature).shape == (4, 3)


def test_an_unknown_pool():
    with pytest.raises(ValueError, match="pool='sum' is unknown; choose one of mean, max"):
        TemporalPoolHead(6, 3, 'sum')
