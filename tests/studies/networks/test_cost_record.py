"""The record of a network's cost; ``tests/cli/test_network_cost.py`` measures small networks."""

from dataclasses import replace

from mtkd.leaderboard.network_cost import record_cost
from mtkd.studies.networks.cost_record import device_name, is_measured
from mtkd.studies.networks.training_cost import Setting
from tests.leaderboard.test_network_cost import cost

from .compared import network


def test_a_record_is_of_one_config(tmp_path):
    asked, file = network(tmp_path), tmp_path / 'kept.jsonl'
    wanted = Setting(threads=1), 'CPU'
    assert not is_measured(file, asked, *wanted)
    record_cost(file, cost(config=asked.config, config_sha256=asked.sha256))
    assert is_measured(file, asked, *wanted) and not is_measured(file, asked, Setting(batch_size=8), 'CPU')
    assert not is_measured(file, replace(asked, sha256='another'), *wanted)


def test_the_devices_name():
    assert device_name('cpu') == 'CPU'
