"""--compile takes effect, keeps the state dict, and reports if it had no effect."""

from types import SimpleNamespace

import pytest
import torch

from mtkd.engine.hooks.compile import CompileHook
from mtkd.models import MultiTaskModel

NET = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet', 'out_indices': (1, 2)},
       'neck': {'lateral_channels': 8}, 'head': {'type': 'FCNHead', 'channels': 8}}


def test_compiled_equals_eager_and_keeps_its_keys():
    torch.manual_seed(0)
    model = MultiTaskModel(NET, {'depth': {'type': 'Depth'}}).eval()
    image = torch.randint(0, 255, (1, 3, 32, 32), dtype=torch.uint8)
    arguments = {'targets': {}, 'present': {}, 'meta': [{}]}
    eager, keys = model(image, **arguments)['depth.out'], list(model.state_dict())
    lines: list[str] = []
    hook = CompileHook(backend='eager')
    hook.before_train(SimpleNamespace(model=model))
    compiled = model(image, **arguments)['depth.out']
    hook.after_train_iter(SimpleNamespace(logger=SimpleNamespace(info=lines.append)), 0)
    torch.testing.assert_close(compiled, eager)
    assert list(model.state_dict()) == keys
    assert 'compiled' in lines[0]


def test_no_graph_is_an_error():
    hook = CompileHook(backend='eager')
    model = MultiTaskModel(NET, {'depth': {'type': 'Depth'}})
    hook.before_train(SimpleNamespace(model=model))
    with pytest.raises(RuntimeError, match='--compile had no effect'):
        hook.after_train_iter(SimpleNamespace(), 0)


def test_teachers_are_compiled_too():
    teacher = torch.nn.Linear(2, 2)
    model = MultiTaskModel(NET, {'depth': {'type': 'Depth'}})
    model.distiller = SimpleNamespace(teachers={'big': SimpleNamespace(net=teacher)})
    CompileHook(backend='eager').before_train(SimpleNamespace(model=model))
    assert teacher._compiled_call_impl is not None
