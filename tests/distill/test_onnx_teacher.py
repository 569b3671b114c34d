"""ONNX files as teachers: the same taps as the torch original, links, the fingerprint of the cache, and invalid inputs."""

import numpy as np
import pytest
import torch
from torch import nn

from mtkd.distill import Distiller, OnnxTeacher, Teacher
from mtkd.distill.onnx_teacher import located
from mtkd.engine.config import load_config
from mtkd.engine.run import Job, train
from mtkd.models import build_net
from mtkd.tasks import build_tasks

onnx = pytest.importorskip('onnx', reason='pip install onnx onnxruntime')
pytest.importorskip('onnxruntime', reason='pip install onnx onnxruntime')
TASKS = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'}}
NET = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}, 'neck': {'type': 'ConcatNeck', 'lateral_channels': 8},
       'head': {'type': 'FCNHead', 'channels': 8}}
IMAGE = torch.randint(0, 256, (3, 3, 64, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


class Whole(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        taps = self.net(image)
        return taps['semseg.out'], taps['depth.out']


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """An mtkd teacher with trained statistics, and its exported file."""
    torch.manual_seed(0)
    built = build_tasks(TASKS)
    net = build_net(NET, {name: task.out_channels for name, task in built.items()}).eval()
    for name, buffer in net.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_(0, 0.1)
    path = tmp_path_factory.mktemp('onnx') / 'teacher.onnx'
    torch.onnx.export(Whole(net).eval(), (torch.zeros(2, 3, 64, 96),), str(path), input_names=['image'], opset_version=18,
                      output_names=['semseg', 'depth'], dynamo=True, verbose=False, external_data=False,
                      dynamic_shapes={'image': {0: torch.export.Dim('batch', min=1, max=64)}})
    return Teacher(net), path


def node_file(path, nodes, shape, outputs, initial=(), opset=17):
    """A file of hand-written nodes."""
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(nodes, 'g', [info('x', onnx.TensorProto.FLOAT, shape)],
                                   [info(name, onnx.TensorProto.FLOAT, None) for name in outputs], list(initial))
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', opset)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def pooled(path, shape=('n', 3, 8, 8), opset=17):
    """The global mean of each channel ('mean'), computed from an inner value 'twice'."""
    two = onnx.numpy_helper.from_array(np.float32(2), 'two')
    make = onnx.helper.make_node
    return node_file(path, [make('Mul', ['x', 'two'], ['twice']), make('GlobalAveragePool', ['twice'], ['pooled']),
                            make('Flatten', ['pooled'], ['mean'])], shape, ['mean'], [two], opset)


def test_it_agrees_with_the_torch_original(exported):
    original, path = exported
    teacher = OnnxTeacher(path, {'semseg.out': 'semseg', 'depth.out': 'depth'})
    expected = original(IMAGE, ('semseg.out', 'depth.out'))
    for tap, value in teacher(IMAGE).items():
        torch.testing.assert_close(value, expected[tap], atol=1e-4, rtol=1e-4)
        assert teacher.tap_specs[tap].channels == value.shape[1]
        assert teacher.tap_specs[tap].stride == original.tap_specs[tap].stride
    assert list(teacher(IMAGE, ('depth.out',))) == ['depth.out']
    assert not teacher.state_dict() and not any(p.requires_grad for p in teacher.net.parameters())


def test_a_link_learns_from_it(exported):
    _, path = exported
    torch.manual_seed(1)
    tasks = build_tasks(TASKS)
    student = build_net(NET, {name: task.out_channels for name, task in tasks.items()})
    teacher = {'type': 'OnnxTeacher', 'file': str(path), 'taps': {'semseg.out': 'semseg', 'depth.out': 'depth'}}
    distiller = Distiller({'t': teacher}, {'each_task': {'loss': {'type': 'CauchySchwarz'}}})
    distiller.check(student.tap_specs, tasks)
    batch = {'image': IMAGE, 'meta': [{'original_size': (64, 96), 'crop': None}] * 3, 'teacher': {},
             'targets': {'semseg': torch.zeros(3, 64, 96, dtype=torch.uint8), 'depth': torch.ones(3, 1, 64, 96)},
             'present': {name: torch.ones(3, dtype=torch.bool) for name in tasks}}
    taps = student(IMAGE.float() / 255)
    terms = distiller(batch, taps, tasks)
    assert {name.split('/')[0] for name in terms} == {'semseg', 'depth'}
    sum(terms.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in student.parameters() if p.grad is not None)
    assert sum(p.grad.abs().sum() for p in student.heads['depth'].parameters() if p.grad is not None) > 0


def test_inner_values_layouts_and_probabilities(tmp_path):
    path = pooled(tmp_path / 'm.onnx')
    image = torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8)
    plain = {'mean': (0, 0, 0), 'std': (1, 1, 1)}
    teacher = OnnxTeacher(path, {'a': 'mean', 'b': 'twice'}, **plain)
    torch.testing.assert_close(teacher(image)['a'], 2 * image.float().mean((2, 3)))
    torch.testing.assert_close(teacher(image)['b'], 2 * image.float())
    assert (teacher.tap_specs['a'].stride, teacher.tap_specs['b'].stride) == (0, 1)
    torch.testing.assert_close(OnnxTeacher(path, {'a': 'mean'}, **plain, channels='BGR')(image)['a'],
                               2 * image.float().mean((2, 3)).flip(1))
    grouped = OnnxTeacher(path, {'a': {'value': 'mean', 'probabilities': True, 'groups': [[0, 2], [1]]}}, **plain)
    means = 2 * image.float().mean((2, 3))
    torch.testing.assert_close(grouped(image)['a'], torch.stack([means[:, 0] + means[:, 2], means[:, 1]], 1).log())
    last = node_file(tmp_path / 'l.onnx', [onnx.helper.make_node('Identity', ['x'], ['y'])], ('n', 8, 8, 3), ['y'])
    same = OnnxTeacher(last, {'a': {'value': 'y', 'channels_last': True}}, **plain, layout='NHWC')
    assert torch.equal(same(image)['a'], image.float())


def test_a_fixed_batch_is_filled_in_turn_and_pictures_are_resized(tmp_path):
    path = pooled(tmp_path / 'm.onnx', shape=(1, 3, 8, 8))
    teacher = OnnxTeacher(path, {'a': 'mean'}, mean=(0, 0, 0), std=(1, 1, 1))
    image = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8)
    torch.testing.assert_close(teacher(image)['a'], 2 * image.float().mean((2, 3)), atol=15, rtol=0)
    assert teacher(image)['a'].shape == (3, 3) and teacher.input_size == (8, 8)
    open_size = OnnxTeacher(pooled(tmp_path / 'o.onnx', ('n', 3, 'h', 'w')), {'a': 'mean'}, mean=(0, 0, 0), std=(1, 1, 1))
    torch.testing.assert_close(open_size(image)['a'], 2 * image.float().mean((2, 3)))


def test_the_fingerprint_is_the_files(tmp_path):
    one, other = pooled(tmp_path / 'a.onnx'), pooled(tmp_path / 'b.onnx', opset=16)
    hashes = {OnnxTeacher(path, {'a': 'mean'}).weights_hash() for path in (one, other, one)}
    assert len(hashes) == 2


@pytest.mark.parametrize('arguments, said', [
    ({'taps': {'a': 'maen'}}, r"has no value 'maen'; its outputs are mean, similar inner values mean"),
    ({'taps': {}}, 'needs taps'),
    ({'taps': {'a': {'value': 'mean', 'softmax': True}}}, "must be the name of a value of the file, or a dictionary"),
    ({'taps': {'a': {'value': 'mean', 'groups': [[0]]}}}, 'groups sum the probabilities'),
    ({'taps': {'a': {'value': 'mean', 'groups': [[7]], 'probabilities': True}}}, "contains channel 7, but 'mean' has 3"),
    ({'layout': 'NHWC'}, r"is not an NHWC image: use layout='NCHW'"),
    ({'layout': 'CHW'}, "layout='CHW' is unknown"),
    ({'channels': 'GBR'}, "channels='GBR' is unknown"),
    ({'input_size': (16, 16)}, 'only supports images of 8x8'),
    ({'std': (0.2, 0.2, 0.2)}, '0..1 scale'),
    ({'mean': (0.5, 0.5, 0.5), 'std': (1.0, 1.0, 1.0)}, 'OnnxTeacher: mean=.*0..1 scale'),
    ({'mean': (0.5, float('nan'), 0.5)}, 'OnnxTeacher: mean='),
    ({'std': (0.0, 1.0, 1.0)}, 'a standard deviation must be positive')])
def test_errors(arguments, said, tmp_path):
    path = pooled(tmp_path / 'm.onnx')
    with pytest.raises(ValueError, match=said):
        OnnxTeacher(path, **{'taps': {'a': 'mean'}, **arguments})


def test_a_file_of_a_package():
    inside = located('onnx:onnx/__init__.py')
    assert inside.samefile(onnx.__file__)
    with pytest.raises(FileNotFoundError, match="is in the package 'no-such-package', which is not installed: pip install"):
        OnnxTeacher('no-such-package:a.onnx', {'a': 'mean'})


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.onnx does not exist'):
        OnnxTeacher(tmp_path / 'none.onnx', {'a': 'mean'})
    (tmp_path / 'text.onnx').write_text('hello')
    with pytest.raises(ValueError, match='not an ONNX file, or is damaged'):
        OnnxTeacher(tmp_path / 'text.onnx', {'a': 'mean'})
    with pytest.raises(ValueError, match='too new: export it with an older opset'):
        OnnxTeacher(pooled(tmp_path / 'new.onnx', opset=99), {'a': 'mean'})
    half = pooled(tmp_path / 'half.onnx', ('n', 3, 8, 'w'))
    with pytest.raises(ValueError, match='one of height and width dynamic'):
        OnnxTeacher(half, {'a': 'mean'})


def test_a_config_may_name_one(tmp_path):
    file = tmp_path / 'c.py'
    file.write_text("_base_ = ['" + str(load_config('configs/quickstart/student.py').filename) + "']\n"
                    "_t = dict(type='OnnxTeacher', file='x.onnx', taps=dict(a='b'))\n"
                    "model = dict(distiller=dict(teachers=dict(t=_t), links=[]))\n")
    assert load_config(file, {'model.distiller.teachers.t.channels': 'BGR'}).model.distiller.teachers.t.channels == 'BGR'


STUDENT = """
suite, method, student, backbone, data_set = 'toy', 'student', 'a', 'a', 'toy'
tasks = dict(label=dict(type='Classification', num_classes=3))
model = dict(
    type='MultiTaskModel', net=dict(
        backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2), channels=(4, 6, 8, 8), stem_width=8,
                      stem_stride=2),
        neck=dict(type='PoolNeck'), head=dict(type='LinearHead')),
    distiller=dict(teachers=dict(net=dict(type='OnnxTeacher', file='FOLDER/m.onnx', taps={'label.out': 'mean'})),
                   links=[dict(task='label', loss=dict(type='SoftCrossEntropy'))]))
teacher_cache = dict(mode='views', views=2, folder='FOLDER/cache', dtype='float32')
train_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='SyntheticImages', num_samples=8, size=16, pipeline=[dict(type='RandomHFlip')]))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
train_cfg = dict(type='TrainLoop', max_iters=5)
default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook', interval=2), timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=2, log_metric_by_epoch=False), param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=10), sampler_seed=None)
log_processor = dict(by_epoch=False, window_size=2)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
"""


def test_a_run_with_its_cache_is_the_run_without(tmp_path):
    pooled(tmp_path / 'm.onnx', ('n', 3, 16, 16))
    (tmp_path / 'student.py').write_text(STUDENT.replace('FOLDER', str(tmp_path)))
    states = []
    for live in (True, False):
        folder = train(Job(str(tmp_path / 'student.py'), {'teacher_cache.live': live}, work_dir=tmp_path / str(live), seed=1,
                           with_prerequisites=True))
        states.append(torch.load(folder / 'final.pth', weights_only=True)['state_dict'])
    assert (tmp_path / 'cache' / 'net').is_dir() and states[0].keys() == states[1].keys()
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], atol=1e-5, rtol=1e-4)
    assert not any('distiller' in name or 'anchor' in name for name in states[0])
