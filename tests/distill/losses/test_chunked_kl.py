import torch

from mtkd.distill.losses import chunked_kl as module
from mtkd.distill.losses.chunked_kl import chunked_kl

from .released import filled, leaf


def plain(rows, keys, teacher_rows, teacher_keys, kept, tau):
    ours, theirs = rows @ keys.T / tau, teacher_rows @ teacher_keys.T / tau
    if kept is not None:
        ours, theirs = ours[:, kept], theirs[:, kept]
    return (theirs.softmax(1) * (theirs.log_softmax(1) - ours.log_softmax(1))).sum(1)


def test_pieces_are_the_whole(monkeypatch):
    monkeypatch.setattr(module, 'LIMIT', 8 * 7 * 2)  # two rows per chunk
    kept = torch.tensor([True, False, True, True, True, False, True])
    for chosen in (None, kept):
        results = []
        for function in (chunked_kl, plain):
            rows, keys = leaf((5, 3), 1), leaf((7, 3), 2)
            value = function(rows, keys, filled((5, 4), 3), filled((7, 4), 4), chosen, 0.3)
            (value * filled((5,), 5)).sum().backward()
            results.append((value.detach(), rows.grad, keys.grad))
        torch.testing.assert_close(results[0], results[1])
