import dataclasses
import json

import pytest

from mtkd.leaderboard.lines import write_lines
from mtkd.leaderboard.network_cost import NetworkCost, read_costs, record_cost, setting


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


def keep(path, *records):
    write_lines(path, map(dataclasses.asdict, records))
    return path


def test_a_record_comes_back(tmp_path):
    made = cost()
    record_cost(tmp_path / 'deep' / 'a.jsonl', made)
    assert read_costs([tmp_path / 'deep' / 'a.jsonl']) == [made]
    assert [path.name for path in (tmp_path / 'deep').iterdir()] == ['a.jsonl']
    assert not made.is_baseline and cost('MT').is_baseline


def test_a_network_measured_again_takes_its_old_place(tmp_path):
    path = keep(tmp_path / 'a.jsonl', cost('a'), cost('b'))
    record_cost(path, cost('a', ratio=3.0))
    record_cost(path, cost('a', batch_size=8))
    assert [(record.network, record.step_ratio, record.batch_size) for record in read_costs([path])] == [
        ('a', 3.0, 4), ('b', 2.0, 4), ('a', 2.0, 8)]


def test_records_of_several_files(tmp_path):
    one = keep(tmp_path / 'one.jsonl', cost('a'), cost('b'))
    other = keep(tmp_path / 'cuda.jsonl', cost('a', device='NVIDIA H200', peak_of='CUDA allocator'))
    found = read_costs([one, other, one])
    assert [(record.network, record.device) for record in found] == [('a', 'CPU'), ('b', 'CPU'), ('a', 'NVIDIA H200')]
    assert setting(found[0]) == setting(found[1]) != setting(found[2])


def test_two_of_one_network_in_one_setting(tmp_path):
    with pytest.raises(ValueError, match=r'a\.jsonl:1 and .*a\.jsonl:2 are both a \(configs/a\.py\) in one setting'):
        read_costs([keep(tmp_path / 'a.jsonl', cost('a'), cost('a'))])


def test_nothing_there(tmp_path):
    with pytest.raises(ValueError, match='no records of costs found: name a file'):
        read_costs([keep(tmp_path / 'a.jsonl')])
    with pytest.raises(FileNotFoundError, match='no such file of records; tools/network_cost.py writes one'):
        read_costs([tmp_path])
    for use in (read_costs, lambda paths: record_cost(paths[0], cost())):
        (tmp_path / 'a.json').touch()
        with pytest.raises(ValueError, match=r'whose name ends in \.jsonl'):
            use([tmp_path / 'a.json'])


@pytest.mark.parametrize(('change', 'words'), [
    ({'schema_version': 0}, 'schema version 0 is not supported'), ({'params': 1.5}, "'params' must be an integer, got 1.5"),
    ({'network': 3}, "'network' must be a string"), ({'input_size': [114]}, "'input_size' must be a list of two numbers"),
    ({'step_ratio': True}, "'step_ratio' must be a number"), ({'ratio_quartiles': ['a', 'b']}, 'a list of two numbers'),
    ({'versions': []}, "'versions' must be an object"), ({'macs': None}, "'macs' must be an integer, got None")])
def test_a_record_that_cannot_be_used_is_named(tmp_path, change, words):
    path = tmp_path / 'a.jsonl'
    path.write_text('\n' + json.dumps({**dataclasses.asdict(cost()), **change}))
    with pytest.raises(ValueError) as error:
        read_costs([path])
    assert str(error.value).startswith(f'{path}:2: ') and words in str(error.value)


def test_keys_that_lack_and_lines_that_are_cut(tmp_path):
    path = tmp_path / 'a.jsonl'
    data = dataclasses.asdict(cost())
    path.write_text(json.dumps({**{key: value for key, value in data.items() if key != 'macs'}, 'later': 1}))
    with pytest.raises(ValueError, match=r"a\.jsonl:1: key 'macs' is missing"):
        read_costs([path])
    path.write_text(json.dumps({**data, 'later': 1}))
    assert read_costs([path]) == [cost()]
    path.write_text('{"network": "PA')
    with pytest.raises(ValueError, match=r'a\.jsonl:1: not complete JSON'):
        read_costs([path])
