import importlib.util

import pytest
import torch

from mtkd.studies.networks.support import FEATURES, NO, UNTRIED, YES, Finding, Trial, _outputs_and_gradient, try_feature

from .compared import network

TRIAL = Trial(size=(32, 48), backend='eager', seconds=300)


def test_what_works(tmp_path):
    toy = network(tmp_path)
    assert try_feature('compile', toy, TRIAL) == Finding(YES, 'one graph')
    for half in ('bf16', 'fp16'):
        found = try_feature(half, toy, TRIAL)
        assert found.state == YES and found.short.startswith('loss ') and not found.reason
    assert try_feature('ddp', toy, TRIAL) == Finding(YES)
    assert try_feature('torch_export', toy, TRIAL) == Finding(YES, 'any batch and size')


def test_graph_breaks_are_counted_and_named(tmp_path):
    found = try_feature('compile', network(tmp_path, 'BreakingHead'), TRIAL)
    assert (found.state, found.short) == (YES, '1 graph break')
    assert 'graph_break()' in found.reason and 'first at compared.py:' in found.reason


def test_why_not(tmp_path):
    found = try_feature('bf16', network(tmp_path, 'Float32Head'), TRIAL)
    assert found.state == NO and 'in float32' in found.reason
    found = try_feature('ddp', network(tmp_path, 'SpareHead'), TRIAL)
    assert found == Finding(NO, reason='parameters without a gradient: net.heads.semseg.spare, net.heads.depth.spare')
    found = try_feature('torch_export', network(tmp_path, 'AskingHead'), TRIAL)
    assert found.state == NO and 'depends on values of the image' in found.reason


def test_what_cannot_be_tried_here_says_so(tmp_path):
    toy = network(tmp_path)
    if importlib.util.find_spec('onnxscript') is None:
        found = try_feature('onnx', toy, TRIAL)
        assert found.state == UNTRIED and 'not installed: ' in found.reason and 'onnxscript' in found.reason
    assert try_feature('compile', toy, Trial(seconds=0.01)) == Finding(UNTRIED, reason='not finished within 0.01 s')
    with pytest.raises(ValueError, match="feature 'xla' is unknown; choose one of compile, "):
        try_feature('xla', toy, TRIAL)


def test_every_feature_has_a_name():
    assert list(FEATURES) == ['compile', 'bf16', 'fp16', 'ddp', 'onnx', 'torch_export']


def test_parameters_without_a_gradient_count_as_zeros():
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = torch.nn.Linear(3, 2, bias=False), torch.nn.Linear(3, 5, bias=False)

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {'depth.out': self.used(x), 'depth.aux': self.idle(x)}

    net = Net()
    outputs, gradient = _outputs_and_gradient(net, net, torch.ones(4, 3), 0)
    assert outputs.shape == (8,) and gradient.shape == (21,) and gradient[:6].abs().min() > 0 and not gradient[6:].any()
