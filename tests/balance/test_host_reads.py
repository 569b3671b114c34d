"""Device synchronisations of a step with each balance: only the one copy that :meth:`weigh_both` documents."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mtkd.balance import Seen

from .cases import CASES, DIRECTED, GRADIENT, SOLVED, batch, model, needs_distiller, train

aten = torch.ops.aten
WAITS = {aten._local_scalar_dense.default: 'reads a number', aten.nonzero.default: 'counts what is not 0',
         aten.masked_select.default: 'selects by a mask', aten.is_nonzero.default: 'reads a condition',
         aten.equal.default: 'reads a comparison', aten.lift_fresh.default: 'builds a tensor on the host',
         aten.unique_dim.default: 'counts', aten._unique2.default: 'counts'}


class Asked(TorchDispatchMode):
    """Records the operations that would wait for an accelerator, or copy something to it."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in WAITS:
            self.found.append(WAITS[func])
        if func in (aten.index.Tensor, aten.index_put.default, aten.index_put_.default):
            self.found.extend('indexes by a mask' for index in args[1] if index is not None and index.dtype == torch.bool)
        return func(*args, **(kwargs or {}))


def asked(function):
    with Asked() as mode:
        function()
    return mode.found


def test_it_notices():
    values = torch.arange(3.0)
    for ask in (lambda: values.sum().item(), lambda: bool(values[0]), lambda: values[values > 1], lambda: values.nonzero(),
                lambda: torch.tensor([1.0, 2.0]), lambda: int(values[1])):
        assert asked(ask), ask
    assert not asked(lambda: (values * 2).sum())


@pytest.mark.parametrize('case', CASES)
def test_a_step_asks_for_nothing(case):
    """The task losses are computed before the recording starts."""
    trained = model(CASES[case], distilled=needs_distiller(case))
    train(trained, 3)
    reads = []
    if case in GRADIENT and case not in DIRECTED:
        weigh = trained.balance.weigh_both
        trained.balance.weigh_both = lambda *args: reads.append(args) or weigh(*args)
    given = batch(7)
    taps = trained._look(given['image'], {})
    terms = trained.task_terms(given, taps)
    extra = trained.distiller(given, taps, trained.tasks) if trained.distiller else {}
    weights = trained.distiller.term_weights if trained.distiller else {}
    parts = trained._terms_of_parts(given, taps)
    found = asked(lambda: trained.balance(terms, extra, weights, taps, given['present'], parts).backward())
    assert not found
    assert len(reads) == (1 if case in GRADIENT and case not in DIRECTED else 0)


@pytest.mark.parametrize('case', SOLVED)
def test_the_one_copy(case, monkeypatch):
    """``cpu`` is called once, on T² + 2 T numbers and the state."""
    balance = copy.deepcopy(model(CASES[case]).balance)
    sizes, plain = [], torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, 'cpu', lambda self: sizes.append(self.numel()) or plain(self))
    gram = torch.eye(4, dtype=torch.float64) + 0.1
    balance.weigh_both(gram, Seen(torch.ones(4), torch.ones(4, dtype=torch.bool)))
    memory = sum(getattr(part, name).numel() for part in balance.modules() for name in getattr(part, 'remembers', ()))
    assert sizes == [24 + memory]
