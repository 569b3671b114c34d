"""The hook that is created for the teacher_cache of a config."""

from types import SimpleNamespace

import pytest
from torch import nn

from mtkd.datasets import SyntheticImages
from mtkd.engine.config import check_option, load_config, prepare
from mtkd.engine.prerequisite import connected
from mtkd.prerequisites.cache_hook import TeacherCacheHook


def test_live_training_keeps_to_the_views_and_their_seed():
    data = SyntheticImages({'label': 'class_label'}, num_samples=4, num_classes={'label': 3})
    hook = TeacherCacheHook(views=3, seed=5, live=True)
    hook.before_train(SimpleNamespace(model=nn.Module(), cfg=None, train_dataloader=SimpleNamespace(dataset=data)))
    assert data.views == 3 and data.seed == 5 and not data.cached


def test_a_config_gets_it(tmp_path):
    cfg = load_config('configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py', {'teacher_cache.views': 2})
    ready = connected(prepare(cfg, work_dir=tmp_path, seed=0, data_root=tmp_path), 0)
    assert next(hook for hook in ready.custom_hooks if hook['type'] == 'TeacherCacheHook')['views'] == 2
    with pytest.raises(ValueError, match='nearest: views'):
        check_option(cfg, 'teacher_cache.view')
