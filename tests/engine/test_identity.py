"""The differences between two runs that matter, and those that do not."""

import pytest

from mtkd.engine.identity import Identity, differences, in_words

CONFIG = {'train_cfg': {'max_iters': 6}, 'optim_wrapper': {'optimizer': {'type': 'SGD', 'lr': 0.1, 'nesterov': None}},
          'custom_hooks': [], 'test_dataloader': {'batch_size': 1}, 'bound': float('inf'),
          'train_dataloader': {'num_workers': 2, 'dataset': {'data_root': 'a'}},
          'default_hooks': {'logger': {'interval': 5}, 'checkpoint': {'interval': 5}},
          'model': {'distiller': {'teachers': {'big': {'checkpoint': '/x/work_dirs/big/seed1/final.pth'}}}}}


def changed(*path, to):
    import copy
    config = copy.deepcopy(CONFIG)
    node = config
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = to
    return config


def meta(config=CONFIG, **kwargs):
    identity = Identity.of(config, **{'seed': 1, **kwargs})
    return {'identity': identity.plain(), 'seed': identity.seed, 'config_sha256': identity.config_sha256}


NOW = Identity.of(CONFIG, seed=1)


def test_the_same_run():
    assert differences(meta(), NOW) == [] and Identity.read(meta()) == NOW
    assert all(isinstance(value, (str, int, bool, type(None))) for value in meta()['identity'].values())


@pytest.mark.parametrize(('then', 'words'), [
    (meta(seed=5), 'seed (5 then, 1 now)'), (meta(amp='bf16'), 'amp (bf16 then, None now)'),
    (meta(smoke=True), 'smoke (True then, False now)'), (meta(compile=True), 'compile (True then, False now)'),
    (meta(ranks=2), 'ranks (2 then, 1 now)'),
    (meta(changed('train_cfg', 'max_iters', to=12)), 'train_cfg.max_iters (12 then, 6 now)'),
    (meta(changed('optim_wrapper', 'optimizer', 'nesterov', to=True)),
     'optim_wrapper.optimizer.nesterov (True then, None now)'),
    (meta(changed('custom_hooks', to=[{'type': 'EMAHook'}])), 'custom_hooks ((absent) then, [] now)'),
    (meta(changed('model', 'distiller', 'teachers', 'big', 'checkpoint', to='work_dirs/small/seed1/final.pth')),
     'model.distiller.teachers.big.checkpoint'),
])
def test_what_differs_is_named(then, words):
    found = differences(then, NOW)
    assert any(phrase.startswith(words) for phrase in found), found


@pytest.mark.parametrize('then', [
    meta(changed('default_hooks', 'logger', 'interval', to=50)), meta(changed('default_hooks', 'checkpoint', to={})),
    meta(changed('test_dataloader', 'batch_size', to=9)), meta(changed('train_dataloader', 'num_workers', to=0)),
    meta(changed('train_dataloader', 'dataset', 'data_root', to='/elsewhere')),
    meta(changed('model', 'distiller', 'teachers', 'big', 'checkpoint', to='mine/big/seed0/final.pth'))])
def test_what_decides_nothing_may_differ(then):
    assert differences(then, NOW) == []


def test_checkpoints_of_before():
    assert differences({'seed': 1, 'config_sha256': NOW.config_sha256}, NOW) == []
    assert differences({}, NOW) == []
    assert differences({'seed': 2, 'config_sha256': 'ab' * 32}, NOW) == [
        'seed (2 then, 1 now)', f'the config (sha256 abababab then, {NOW.config_sha256[:8]} now)']


def test_many_are_counted():
    assert in_words(['a', 'b']) == 'a, b'
    assert in_words(list('abcdefg')) == 'a, b, c, d and 3 more'
