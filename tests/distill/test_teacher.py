import copy

import pytest
import torch
from torch import nn

from mtkd.distill import MultiTaskTeacher, Teacher
from mtkd.models import TapSpec

from .nets import MEAN, STD, TinyNet, images, normalised, tasks


def make(**options) -> Teacher:
    return Teacher(TinyNet(seed=5), mean=MEAN, std=STD, **options)


class Student(nn.Module):
    """A model with a teacher inside."""

    def __init__(self, **options) -> None:
        super().__init__()
        self.net = TinyNet()
        self.teacher = make(**options)

    def forward(self, image):
        taps, wanted = self.net(normalised(image)), self.teacher(image)
        return sum((taps[name] - wanted[name]).square().mean() for name in taps)


def test_normalises_the_raw_picture_and_returns_what_is_asked():
    teacher = make()
    wanted = teacher.net(normalised(images()))
    torch.testing.assert_close(teacher(images()), wanted)
    assert set(teacher(images(), ['semseg.out'])) == {'semseg.out'}
    assert not teacher(images())['shared'].requires_grad


def test_a_picture_normalised_for_the_student_is_refused():
    with pytest.raises(TypeError, match='raw uint8'):
        make()(normalised(images()))


def test_training_the_student_leaves_the_teacher_as_it_is():
    torch.manual_seed(0)
    model = Student().train()
    before = model.teacher.weights_hash()
    optimiser = torch.optim.SGD(model.parameters(), lr=.1, weight_decay=.1)
    first = last = 0.0
    for step in range(5):
        last = model(images())
        first = first if step else float(last.detach())
        optimiser.zero_grad()
        last.backward()
        optimiser.step()
    assert float(last.detach()) < first
    assert model.teacher.weights_hash() == before
    assert all(p.grad is None and not p.requires_grad for p in model.teacher.net.parameters())


def test_is_always_in_eval_mode():
    model = Student()
    for mode in (True, False):
        model.train(mode)
        model.teacher.train(mode)
        assert not any(module.training for module in (model.teacher, *model.teacher.net.modules()))
        assert model.net.training == mode
    torch.testing.assert_close(model.teacher(images()), model.teacher(images()))  # no dropout


def test_stays_frozen():
    model = Student().requires_grad_(True)
    model.teacher.requires_grad_(True)
    assert not any(p.requires_grad for p in model.teacher.net.parameters())


def test_train_mode_on_request_reads_the_batch_and_drifts():
    model = Student(teacher_train_mode=True).eval()
    before = model.teacher.net.stem[1].running_mean.clone()
    assert model.teacher.net.stem[1].training
    assert not model.teacher(images())['shared'].requires_grad
    assert not torch.equal(before, model.teacher.net.stem[1].running_mean)


def test_is_in_no_checkpoint_and_none_is_missed():
    model = Student()
    assert not [key for key in model.state_dict() if not key.startswith('net.')]
    before = model.teacher.weights_hash()
    model.load_state_dict({k: v + 1 for k, v in model.state_dict().items()}, strict=True)
    assert model.teacher.weights_hash() == before
    assert not [name for name, _ in (*model.named_parameters(), *model.named_buffers()) if 'teacher' in name]


def test_a_copy_shares_the_teacher():
    model = Student()
    average = copy.deepcopy(model)
    assert average.teacher is model.teacher and average.net is not model.net
    averaged = torch.optim.swa_utils.AveragedModel(model)
    averaged.update_parameters(model)
    assert averaged.module.teacher is model.teacher


def test_walking_the_tree_does_not_reach_it():
    model = Student()
    before = model.teacher.weights_hash()
    model.apply(lambda module: [nn.init.zeros_(p) for p in module.parameters(recurse=False)])
    assert model.teacher.weights_hash() == before
    assert not [m for m in model.modules() if m is model.teacher.net]


def test_moves_with_the_model():
    model = Student().to(torch.float64)
    assert model.teacher.net.stem[0].weight.dtype == torch.float64
    assert model.teacher(images())['shared'].dtype == torch.float64
    assert next(Student().to('meta').teacher.net.parameters()).device.type == 'meta'


def test_its_own_precision_stays():
    model = Student(dtype='bfloat16').to(torch.float64)
    assert {p.dtype for p in model.teacher.net.parameters()} == {torch.bfloat16}
    taps = model.teacher(images())
    assert taps['shared'].dtype == torch.bfloat16
    torch.testing.assert_close(taps['semseg.out'].float(), make()(images())['semseg.out'], atol=.05, rtol=.05)
    with pytest.raises(ValueError, match='dtype'):
        make(dtype='int8')


def test_autocast_does_not_reach_it():
    teacher = make()
    with torch.autocast('cpu', torch.bfloat16):
        taps = teacher(images())
    torch.testing.assert_close(taps, teacher(images()))


def test_loads_a_checkpoint(tmp_path):
    torch.save({'state_dict': {f'net.{k}': v for k, v in TinyNet(seed=9).state_dict().items()}}, tmp_path / 'a.pth')
    teacher = MultiTaskTeacher(TinyNet(), checkpoint=tmp_path / 'a.pth')
    assert teacher.weights_hash() == MultiTaskTeacher(TinyNet(seed=9), allow_random=True).weights_hash()


def test_without_weights():
    with pytest.raises(ValueError, match='allow_random'):
        MultiTaskTeacher(TinyNet())
    with pytest.raises(FileNotFoundError, match=r'mtkd train a/config\.py'):
        MultiTaskTeacher(TinyNet(), checkpoint='no/such.pth', made_by='a/config.py')
    with pytest.warns(UserWarning, match='keeps the weights'):
        MultiTaskTeacher(TinyNet(), checkpoint='no/such.pth', allow_random=True)


def test_a_config_needs_tasks_and_builds_a_net():
    cfg = {'backbone': {'type': 'TimmBackbone', 'name': 'resnet10t'}, 'head': {'type': 'FCNHead', 'channels': 8}}
    with pytest.raises(ValueError, match='tasks'):
        MultiTaskTeacher(cfg, allow_random=True)
    teacher = MultiTaskTeacher(cfg, tasks={'depth': {'type': 'Depth'}, **tasks()}, allow_random=True)
    taps = teacher(images(2, (64, 64)), ['semseg.out', 'depth.out'])
    assert taps['semseg.out'].shape[1] == 5 and taps['depth.out'].shape[1] == 1
    assert teacher.tap_specs['semseg.feat'].channels == 8


def test_any_module_teaches_with_taps():
    plain = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 6, 5))
    teacher = Teacher(plain, MEAN, STD, taps={'feat': '1', 'cls.out': ''}, probe_size=(8, 12))
    assert teacher.tap_specs == {'feat': TapSpec(4, 2), 'cls.out': TapSpec(5, 0)}
    found = teacher(images())
    torch.testing.assert_close(found, {'feat': plain[:2](normalised(images())), 'cls.out': plain(normalised(images()))})
    assert not any(tap.requires_grad for tap in found.values()) and not any(p.requires_grad for p in plain.parameters())
    named = Teacher(plain, MEAN, STD, taps=['0', '1'], probe_size=(8, 12))
    assert list(named(images())) == ['0', '1']
    with pytest.raises(ValueError, match="the output of the network itself needs a name"):
        Teacher(plain, MEAN, STD, taps=['0', ''], probe_size=(8, 12))
