import pytest
import torch

from mtkd.studies.networks.comparators import COMPARED, build_model, choose_comparators, find_comparators, synthetic_batch

from .compared import write_network

WIDER = "\nmodel['net']['head']['channels'] = 16"


def test_each_network_of_several_tasks_once(tmp_path):
    write_network(tmp_path, 'a', 'MT')
    write_network(tmp_path, 'b_short', 'MT', "\ntrain_cfg['max_iters'] = 1\nsuite = 'another'")
    write_network(tmp_path, 'c', 'Wide', WIDER)
    write_network(tmp_path, 'd_single', 'ST', "\ntasks.pop('depth')")
    found = find_comparators([str(tmp_path / 'c.py'), str(tmp_path / '*.py')])
    assert [(network.name, network.stem) for network in found] == [('Wide', 'c'), ('MT', 'a')]
    assert found[1].backbone == 'tiny' and found[1].config == str(tmp_path / 'a.py')


def test_networks_of_one_name_are_told_apart(tmp_path):
    write_network(tmp_path, 'a', 'MT')
    write_network(tmp_path, 'b', 'MT', WIDER)
    found = find_comparators([str(tmp_path / '*.py')])
    assert [network.name for network in found] == ['MT [a]', 'MT [b]']
    assert choose_comparators(found, ['b']) == [found[1]] and choose_comparators(found, []) == found
    with pytest.raises(ValueError, match=r'--only c: there is no such network; there are a \(MT \[a\]\)'):
        choose_comparators(found, ['c'])


def test_mistakes_are_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r'there is no config .*nowhere'):
        find_comparators([str(tmp_path / 'nowhere*.py')])
    write_network(tmp_path, 'single', addition="\ntasks.pop('depth')")
    with pytest.raises(ValueError, match='no config of a multi-task network'):
        find_comparators([str(tmp_path / '*.py')])


def test_the_small_pair_is_found_from_the_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = find_comparators(COMPARED)
    stems = [network.stem for network in found]
    assert stems[0] == 'mt_mobilenetv3_nyud114' and len(set(stems)) == len(stems)
    assert {'padnet_mobilenetv3_nyud114', 'nddr_full_resnet18_nyud114'} <= set(stems)
    assert not [stem for stem in stems if stem.startswith('st_') or stem.endswith('_short')]
    assert found[0].config == 'configs/baselines/mt_mobilenetv3_nyud114.py'


def test_a_step_on_synthetic_scenes(tmp_path):
    first, second = (build_model(network, seed=3) for network in 2 * find_comparators([str(write_network(tmp_path))]))
    assert first.training and first.distiller is None
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    batch = synthetic_batch(first, 2, (32, 48))
    assert batch['image'].shape == (2, 3, 32, 48) and batch['targets']['depth'].shape[-2:] == (32, 48)
    first(**batch, mode='loss')['loss'].backward()
    assert all(p.grad is not None for p in first.net.parameters())
