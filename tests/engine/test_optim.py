"""Autocast on a CPU, as an optimizer wrapper."""

import pytest
import torch

from mtkd.engine.optim import AutocastOptimWrapper


def wrapper(model: torch.nn.Module, **kwargs) -> AutocastOptimWrapper:
    return AutocastOptimWrapper(optimizer=torch.optim.SGD(model.parameters(), lr=0.1), **kwargs)


def test_bf16_inside_float32_outside():
    model = torch.nn.Linear(4, 4)
    optim = wrapper(model)
    with optim.optim_context(model):
        out = model(torch.randn(2, 4))
    assert out.dtype == torch.bfloat16 and model.weight.dtype == torch.float32
    before = model.weight.clone()
    optim.update_params(out.float().square().mean())
    assert not torch.equal(before, model.weight)


def test_accumulation_and_clipping():
    model = torch.nn.Linear(1, 1, bias=False)
    optim = wrapper(model, accumulative_counts=2, clip_grad={'max_norm': 1e-3})
    optim.initialize_count_status(model, 0, 4)
    weights = [model.weight.item()]
    for _ in range(4):
        with optim.optim_context(model):
            value = model(torch.ones(1, 1)).float().sum()
        optim.update_params(value)
        weights.append(model.weight.item())
    assert weights[0] == weights[1] != weights[2] == weights[3] != weights[4]
    assert weights[1] - weights[2] == pytest.approx(1e-4, rel=1e-2)


def test_state_dict_round_trip():
    model = torch.nn.Linear(2, 2)
    optim = wrapper(model)
    state = optim.state_dict()
    assert 'loss_scaler' not in state
    optim.load_state_dict(state)


@pytest.mark.skipif(torch.cuda.is_available(), reason='refused on CPUs only')
def test_fp16_needs_a_gpu():
    with pytest.raises(ValueError, match='fp16 autocast needs a GPU'):
        wrapper(torch.nn.Linear(2, 2), dtype='fp16')


def test_unknown_dtype():
    with pytest.raises(ValueError, match="'int8' is unknown"):
        wrapper(torch.nn.Linear(2, 2), dtype='int8')
