"""One linear layer."""

import torch

from mtkd.models.heads import LinearHead


def test_feature_is_the_embedding_and_the_output_linear():
    head, shared = LinearHead(6, 3), torch.randn(4, 6)
    assert head.feature(shared) is shared and head.feature_channels == 6
    torch.testing.assert_close(head.predict(shared), shared @ head.logits.weight.T + head.logits.bias)


def test_dropout_is_in_training_only():
    head, shared = LinearHead(64, 3, dropout=0.9), torch.randn(4, 64)
    assert not torch.equal(head.predict(shared), head.predict(shared))
    head.eval()
    assert torch.equal(head.predict(shared), head.predict(shared))
