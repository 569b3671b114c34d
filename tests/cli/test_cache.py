"""``mtkd cache``: its output before it writes anything."""

from .called import run


def test_a_config_without_a_cache_is_told_how(monkeypatch, capsys, tmp_path):
    code, _, err = run(monkeypatch, capsys, 'cache', 'configs/mlfd/teacher_s32_svhn.py', '--data-root', tmp_path)
    assert code == 2 and '--cfg-options teacher_cache.views=2' in err


def test_a_missing_teacher_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    code, _, err = run(monkeypatch, capsys, 'cache', 'configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py')
    assert code == 2 and "teacher 'joint'" in err


def test_a_wrong_shard_is_answered_first(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, 'cache', 'configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py', '--shard', '4/4')
    assert code == 2 and '--shard 4/4: write I/N' in err
