"""Logits averaged over frames."""

import torch

from mtkd.models.heads import FrameMeanHead, TemporalPoolHead


def test_every_frame_is_classified_alone():
    head, frames = FrameMeanHead(6, 3, {'type': 'MLPHead', 'channels': 5}).eval(), torch.randn(4, 6, 7)
    feature = head.feature(frames)
    assert head.feature_channels == 5 and feature.shape == (4, 5, 7)
    logits = torch.stack([head.head.predict(head.head.feature(frames[:, :, k])) for k in range(7)])
    torch.testing.assert_close(head.predict(feature), logits.mean(0))
    torch.testing.assert_close(feature[:, :, 2], head.head.feature(frames[:, :, 2]))


def test_a_linear_head_is_that_of_the_mean_embedding():
    head, pooled, frames = FrameMeanHead(6, 3), TemporalPoolHead(6, 3, 'mean'), torch.randn(4, 6, 7)
    pooled.load_state_dict(head.state_dict())
    torch.testing.assert_close(head.predict(head.feature(frames)), pooled.predict(pooled.feature(frames)))
    hidden = FrameMeanHead(6, 3, {'type': 'MLPHead'}).eval()
    one = hidden.head.predict(hidden.head.feature(frames.mean(2)))
    assert not torch.allclose(hidden.predict(hidden.feature(frames)), one), 'not so behind a nonlinearity'
