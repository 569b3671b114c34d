import pytest

from mtkd.datasets.faces.holdout import held_out


def test_no_group_is_in_both():
    groups = [f'p{i // 3}' for i in range(60)]
    train, val = held_out(groups, 'train', 0.25, 0), held_out(groups, 'val', 0.25, 0)
    assert sorted(train + val) == held_out(groups, 'all', 0.25, 0) == list(range(60))
    assert not {groups[i] for i in train} & {groups[i] for i in val} and len(val) == 15


def test_seed_and_share():
    groups = [str(i) for i in range(40)]
    assert held_out(groups, 'val', 0.2, 0) == held_out(groups, 'val', 0.2, 0) != held_out(groups, 'val', 0.2, 1)
    for share in (0, 1):
        with pytest.raises(ValueError, match='val_share'):
            held_out(groups, 'val', share, 0)
