import math

import pytest
import torch
from torch import Tensor, nn

from mtkd.deploy.export import Deployed, UnsupportedOp, _judged, _rounding, export, usual_size
from mtkd.deploy.student import Student, load_student

from .deployed import write_student


def student(folder, addition: str = '') -> Student:
    return load_student(*write_student(folder, addition))


class Through(nn.Module):
    """A head whose output goes through a function."""

    def __init__(self, head: nn.Module, function) -> None:
        super().__init__()
        self.head, self.function = head, function

    def feature(self, x: Tensor) -> Tensor:
        return self.head.feature(x)

    def predict(self, x: Tensor) -> Tensor:
        return self.function(self.head.predict(x))


def test_raw_picture_in_physical_units_out(tmp_path):
    found = student(tmp_path)
    image = torch.randint(0, 256, (2, 3, 32, 48), dtype=torch.uint8)
    with torch.no_grad():
        semseg, depth = Deployed(found)(image)
        taps = found.net(found.preprocessor.normalise(image))
    assert semseg.dtype == torch.uint8 and semseg.shape == (2, 32, 48)
    torch.testing.assert_close(depth, found.tasks['depth'].predict(taps['depth.out'], (32, 48)))


def test_a_state_dict_is_the_network_alone(tmp_path):
    found = student(tmp_path)
    made = export(found, tmp_path / 'out/s.pth', 'state_dict')
    state = torch.load(made.path, weights_only=True)['state_dict']
    assert set(state) == set(found.net.state_dict()) and made.difference == {'semseg': 0.0, 'depth': 0.0}
    again = load_student(tmp_path / 'toy.py', made.path)
    assert again.meta['config_sha256'] == found.config_sha256


def test_an_exported_program_runs_without_mtkd_and_at_other_sizes(tmp_path):
    found = student(tmp_path)
    made = export(found, tmp_path / 's.pt2', 'torch_export')
    assert made.dynamic == ('batch', 'size') and max(made.difference.values()) < 1e-4
    image = torch.randint(0, 256, (3, 3, 50, 70), dtype=torch.uint8)
    semseg, depth = torch.export.load(made.path).module()(image)
    assert semseg.shape == (3, 50, 70) and depth.shape == (3, 1, 50, 70)
    with torch.no_grad():
        torch.testing.assert_close(depth, Deployed(found)(image)[1], atol=1e-4, rtol=1e-4)


def test_windows_and_wishes_fix_the_size(tmp_path):
    found = student(tmp_path)
    assert export(found, tmp_path / 's.pt2', 'torch_export', fixed_size=True).dynamic == ('batch',)
    swin = "\nmodel['net']['backbone'] = dict(type='TimmBackbone', name='swin_tiny_patch4_window7_224', pad_multiple=4, " \
           "strict_img_size=False, out_indices=(0, 1), embed_dim=24, depths=(2, 2))\n"
    made = export(student(tmp_path, swin), tmp_path / 'w.pt2', 'torch_export', (40, 56))
    assert made.dynamic == ('batch',) and max(made.difference.values()) < 1e-4


def test_a_search_is_refused(tmp_path):
    neck, head = "dict(type='ATRCSearchNeck', channels=4)", "dict(type='LogitsHead')"
    found = student(tmp_path, f"\nmodel['net'].update(neck={neck}, head={head})")
    for format in ('torch_export', 'state_dict'):
        with pytest.raises(ValueError, match=r'toy\.py: a search for a genotype is not deployed; the network'):
            export(found, tmp_path / 'out/s.pt2', format)
    assert not (tmp_path / 'out').exists()


def test_onnx_agrees_with_eager(tmp_path):
    pytest.importorskip('onnxscript', reason='onnxscript is not installed')
    ort = pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    found = student(tmp_path)
    made = export(found, tmp_path / 's.onnx', 'onnx')
    assert max(made.difference.values()) < 1e-4 and 'batch' in made.dynamic
    session = ort.InferenceSession(str(made.path), providers=['CPUExecutionProvider'])
    assert [out.name for out in session.get_outputs()] == ['semseg', 'depth']
    assert session.get_inputs()[0].name == 'image' and session.get_inputs()[0].type == 'tensor(uint8)'


def test_an_operation_that_onnx_lacks_is_named(tmp_path):
    pytest.importorskip('onnxscript', reason='onnxscript is not installed')
    pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')
    found = student(tmp_path)
    found.net.heads['depth'] = Through(found.net.heads['depth'], torch.special.bessel_j0)
    with pytest.raises(UnsupportedOp, match=r"operation '\w+\W+bessel_j0'.*ONNX does not support it"):
        export(found, tmp_path / 's.onnx', 'onnx')
    assert not list(tmp_path.glob('*.onnx')) and not list(tmp_path.glob('.partial*'))


def test_a_network_that_cannot_be_traced(tmp_path):
    found = student(tmp_path)
    found.net.heads['depth'] = Through(found.net.heads['depth'], lambda x: x if float(x.sum()) > 0 else -x)
    with pytest.raises(UnsupportedOp, match='aten.item.*cannot be traced for --format torch_export'):
        export(found, tmp_path / 's.pt2', 'torch_export')


def test_packages_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ValueError, match='pip install onnx onnxscript onnxruntime'):
        export(student(tmp_path), tmp_path / 's.onnx', 'onnx')


def test_sizes_and_formats(tmp_path):
    found = student(tmp_path)
    assert usual_size(found) == (32, 48)
    padded = student(tmp_path, "\ntest_dataloader['dataset']['pipeline'] = [dict(type='Pad', size=(64, 80))]\n")
    assert usual_size(padded) == (64, 80)
    with pytest.raises(ValueError, match='choose one of onnx'):
        export(found, tmp_path / 's', 'tflite')
    found.net.heads['depth'] = Through(found.net.heads['depth'], lambda x: x.view(7, 7))
    with pytest.raises(ValueError, match='does not support images of 32x48'):
        export(found, tmp_path / 's.pth', 'state_dict')


def test_a_file_that_disagrees_is_not_kept(tmp_path, monkeypatch):
    """An exported program that differs from the network is deleted."""
    wrong = nn.Module()
    wrong.module = lambda: lambda image: (torch.zeros(2, 32, 48, dtype=torch.uint8), torch.full((2, 1, 32, 48), 99.0))
    monkeypatch.setattr('mtkd.deploy.export._program', lambda net, size, format, fixed: (None, ()))
    monkeypatch.setattr(torch.export, 'save', lambda program, path: path.write_text('program'))
    monkeypatch.setattr(torch.export, 'load', lambda path: wrong)
    with pytest.raises(RuntimeError, match='differ from those of the network'):
        export(student(tmp_path), tmp_path / 's.pt2', 'torch_export')
    assert not list(tmp_path.glob('*.pt2'))


def test_rounding_grows_with_what_multiplies_it(tmp_path):
    net, picture = Deployed(student(tmp_path)).eval(), torch.randint(0, 256, (1, 3, 32, 48), dtype=torch.uint8)
    with torch.no_grad():
        plain = _rounding(net, picture, 'depth', net(picture)[1])
        net.net.heads['depth'] = Through(net.net.heads['depth'], lambda x: 1000 * x)
        grown = _rounding(net, picture, 'depth', net(picture)[1])
    assert 0 < plain < 1e-4 and 300 * plain < grown < 3000 * plain


def test_unit_vectors_may_differ_at_one_place_in_a_thousand():
    eager, other = torch.zeros(1, 3, 40, 50), torch.zeros(1, 3, 40, 50)
    other[0, 1, 0, :2] = 0.3
    assert _judged('normals', 0.3, eager, other) == 0.0
    other[0, 1, 0, 2] = 0.2
    assert _judged('normals', 0.3, eager, other) == pytest.approx(0.2)
    assert _judged('depth', 0.3, eager, other) == 0.3
    assert math.isnan(_judged('normals', float('nan'), eager, other))
