import dataclasses
import json

import pytest

from mtkd.leaderboard.network_cost import NetworkCost, read_costs, setting


def cost(network: str = 'PAD-Net', ratio: float = 2.0, **changes: object) -> NetworkCost:
    """A record as `tools/network_cost.py` writes it."""
    values = {
        'network': network, 'backbone': 'MobileNetV3-L', 'config': f'configs/{network}.py', 'config_sha256': network,
        'baseline': 'MT', 'baseline_config': 'configs/MT.py', 'params': 3_768_000, 'macs': 946_000_000,
        'input_size': (114, 154), 'batch_size': 4, 'step_seconds': ratio * 0.5, 'baseline_seconds': 0.5,
        'step_ratio': ratio, 'ratio_quartiles': (ratio - 0.25, ratio + 0.25), 'steps': 11, 'clock': 'cpu',
        'kept_bytes': 80_000_000, 'peak_bytes': 123_400_000, 'peak_of': 'resident size', 'device': 'CPU', 'threads': 1,
        'versions': {'torch': '2.15.0'}, 'command': 'python tools/network_cost.py',
    }
    return NetworkCost(**{**values, **changes})


def test_a_record_comes_back(tmp_path):
    made = cost()
    assert NetworkCost.read(made.write(tmp_path / 'deep' / 'a.json')) == made
    assert [path.name for path in (tmp_path / 'deep').iterdir()] == ['a.json']
    assert not made.is_baseline and cost('MT').is_baseline


def test_records_of_a_folder(tmp_path):
    cost('b').write(tmp_path / 'one' / 'b.json')
    cost('a').write(tmp_path / 'one' / 'a.json')
    cost('a', device='NVIDIA H200', peak_of='CUDA allocator').write(tmp_path / 'cuda' / 'a.json')
    found = read_costs([tmp_path / 'one', tmp_path])
    assert [(record.network, record.device) for record in found] == [('a', 'CPU'), ('b', 'CPU'), ('a', 'NVIDIA H200')]
    assert setting(found[0]) == setting(found[1]) != setting(found[2])


def test_two_of_one_network_in_one_setting(tmp_path):
    for name in ('a', 'again'):
        cost('a').write(tmp_path / f'{name}.json')
    with pytest.raises(ValueError, match=r'a\.json and .*again\.json are both a \(configs/a\.py\) in one setting'):
        read_costs([tmp_path])


def test_nothing_there(tmp_path):
    with pytest.raises(ValueError, match='no records of costs found: name a folder'):
        read_costs([tmp_path])
    with pytest.raises(FileNotFoundError, match='no such folder or file'):
        read_costs([tmp_path / 'nowhere'])
    with pytest.raises(FileNotFoundError, match='run tools/network_cost.py'):
        NetworkCost.read(tmp_path / 'nowhere.json')


@pytest.mark.parametrize(('change', 'words'), [
    ({'schema_version': 0}, 'schema version 0 is not 1'), ({'params': 1.5}, "'params' must be an integer, got 1.5"),
    ({'network': 3}, "'network' must be a string"), ({'input_size': [114]}, "'input_size' must be a list of two numbers"),
    ({'step_ratio': True}, "'step_ratio' must be a number"), ({'ratio_quartiles': ['a', 'b']}, 'a list of two numbers'),
    ({'versions': []}, "'versions' must be an object"), ({'macs': None}, "'macs' must be an integer, got None")])
def test_a_record_that_cannot_be_used_is_named(tmp_path, change, words):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps({**dataclasses.asdict(cost()), **change}))
    with pytest.raises(ValueError) as error:
        NetworkCost.read(path)
    assert str(error.value).startswith(f'{path}: ') and words in str(error.value)


def test_keys_that_lack_and_files_that_are_cut(tmp_path):
    path = tmp_path / 'a.json'
    data = dataclasses.asdict(cost())
    path.write_text(json.dumps({**{key: value for key, value in data.items() if key != 'macs'}, 'later': 1}))
    with pytest.raises(ValueError, match=r"a\.json: key 'macs' is missing"):
        NetworkCost.read(path)
    path.write_text(json.dumps({**data, 'later': 1}))
    assert NetworkCost.read(path) == cost()
    path.write_text('{"network": "PA')
    with pytest.raises(ValueError, match='not complete JSON'):
        NetworkCost.read(path)
