"""Mistakes that are visible in the text of a config, without rejecting anything that the complete check accepts."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import runner

from mtkd import config_text
from mtkd.config_files import PACKAGE, find_config
from mtkd.config_text import OPEN, arguments_of, check, declared, top_level
from mtkd.deploy import model_card
from mtkd.engine import quick, record
from mtkd.engine.config import _always, _arguments, check_option, load_config

SOME = ('quickstart/student_kdam', 'kdam/swinT_from_swinL_nyud', 'mlfd/student_s32_cifar10_l1_l2_l3_cached',
        'distill_2md_mtl/fairface_mt_all_distill', 'kd4mtl/lenet_svhn_omniglot_gradnorm', 'baselines/atrc_hrnet18_nyud')


def write(folder, name, text):
    path = folder / f'{name}.py'
    path.write_text(text)
    return path


READS = {'get', 'pop', 'setdefault'}


def keys_read(file: Path, module) -> set[str]:
    """The top-level config keys that a module reads: ``cfg.key``, ``cfg['key']``, ``cfg.get(KEY)``, ``key in cfg``."""
    def whole(node):  # names of config variables in mtkd
        return getattr(node, 'id', getattr(node, 'attr', None)) in ('cfg', '_cfg_dict')

    def text(node):
        value = getattr(module, node.id, None) if isinstance(node, ast.Name) else getattr(node, 'value', None)
        return {value} if isinstance(value, str) else set()

    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS and node.args:
            found |= text(node.args[0]) if whole(node.func.value) else set()
        elif isinstance(node, ast.Subscript) and whole(node.value):
            found |= text(node.slice)
        elif isinstance(node, ast.Compare) and whole(node.comparators[0]):
            found |= text(node.left)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and whole(node.value):
            found |= {node.attr} - set(dir(Config)) - set(dir(dict))
    return found


def test_what_is_read_at_the_top_is_known():
    """For the packages that receive complete configs, and MMEngine's Runner."""
    modules = [importlib.import_module('.'.join(file.relative_to(PACKAGE.parent).with_suffix('').parts))
               for folder in ('engine', 'prerequisites', 'deploy', 'studies') for file in (PACKAGE / folder).rglob('*.py')
               if file.name != '__init__.py']
    unread = {'config_sha256', quick.KEY, 'filename', '_cfg_dict'}  # keys that mtkd sets itself, and attributes of Config
    for module in [*modules, runner]:
        unknown = keys_read(Path(module.__file__), module) - top_level() - unread
        assert not unknown, f'{module.__name__} reads {sorted(unknown)}: declare it in CONFIG_KEYS there'


def test_keys_are_collected_from_the_text_as_they_are_in_the_modules():
    assert top_level() | declared('OPTION_PREFIXES') == _always('')
    assert set(inspect.signature(runner.Runner.__init__).parameters) - {'self', 'cfg'} <= top_level()
    assert {*record.CONFIG_KEYS, *model_card.CONFIG_KEYS, 'tasks', 'teacher_cache', 'pseudo_labels', 'report'} <= top_level()
    assert declared('OPTION_PREFIXES') == {'teachers', 'search'} and 'teachers' not in top_level()


@pytest.mark.parametrize(('text', 'words'), [
    ('x = (', r'broken\.py cannot be read as a config: SyntaxError: line 1: .* never closed: x = \('),
    ("_base_ = 'gone.py'", r'broken\.py cannot be read as a config: its base .*gone\.py does not exist'),
    ("_base_ = ['broken.py']", 'inherits from itself'),
    ("_base_ = ['inner.py']", r'inner\.py cannot be read as a config: SyntaxError: line 2')])
def test_a_text_that_is_no_config(tmp_path, text, words):
    write(tmp_path, 'inner', '\nif')
    with pytest.raises(ValueError, match=words):
        check(write(tmp_path, 'broken', text), {})


@pytest.mark.parametrize(('key', 'words'), [
    ('optim_wraper.optimizer.lr', "the config has no 'optim_wraper'; nearest: optim_wrapper"),
    ('optim_wrapper.optimizer.lrr', "optim_wrapper.optimizer has no 'lrr'; nearest: lr"),
    ('train_dataloader.batch_sise', "train_dataloader has no 'batch_sise'; nearest: batch_size"),
    ('train_dataloader.dataset.num_sample', "train_dataloader.dataset has no 'num_sample'; nearest: num_samples"),
    ('model.net.head.chanels', "model.net.head has no 'chanels'; nearest: channels")])
def test_unknown_options(key, words):
    with pytest.raises(ValueError, match=f'--cfg-options {key}: {words}') as text:
        check(find_config('quickstart/student'), {key: 1})
    with pytest.raises(ValueError, match=words):
        check_option(load_config('quickstart/student'), key)
    assert '\n' not in str(text.value)


def keys_of(node, path=''):
    """Dotted keys of the dictionaries of a config, each with the type it belongs to."""
    for name, value in node.items():
        where = f'{path}{name}'
        yield where
        if isinstance(value, dict):
            yield from keys_of(value, f'{where}.')


@pytest.mark.parametrize('name', SOME)
def test_only_what_the_whole_check_refuses_is_refused(name):
    cfg, path = load_config(name), find_config(name)
    for key in list(keys_of(cfg._cfg_dict.to_dict())):
        if ' ' in key or key.startswith('tasks'):
            continue
        check(path, {key: 1})
        typo = f'{key[:-1]}_x'
        try:
            check(path, {typo: 1})
        except ValueError:
            with pytest.raises(ValueError, match='--cfg-options'):
                check_option(cfg, typo)


@pytest.mark.parametrize('name', ['TimmBackbone', 'FCNHead', 'NYUDMT', 'FairFace', 'CauchySchwarz', 'AdamW',
                                  'CheckpointHook', 'MultiTaskModel', 'TrainLoop'])
def test_arguments_are_those_of_the_class(name):
    assert arguments_of(name) == _arguments(name)


def test_what_only_running_tells_is_left_open(tmp_path):
    base = write(tmp_path, 'base', "a = dict(x=1, y=dict(z=2))\nb = [dict(c=1)]\nd = open\ne = dict(**a, f=3)")
    own = write(tmp_path, 'own', "_base_ = 'base.py'\na = dict(y=dict(w=3))\nb = dict(_delete_=True)")
    assert config_text._read(own) == {
        '_base_': 'base.py', 'a': {'x': 1, 'y': {'z': 2, 'w': 3}}, 'b': {}, 'd': OPEN, 'e': {'x': 1, 'y': {'z': 2}, 'f': 3}}
    assert config_text._read(write(tmp_path, 'loop', 'for i in range(3):\n    x = i')) is OPEN
    check(write(tmp_path, 'loop2', 'x = dict(a=1)\nx.update(b=2)'), {'x.c': 1, 'anything': 2})
    check(write(tmp_path, 'plugin', "custom_imports = dict(imports=['mine'])"), {'mine': 1})
    check(base, {'a.x': 2, 'b.0.c': 1, 'd.anything': 1})
    assert arguments_of('NoSuchClass') is None
