"""The record of a network's cost; ``tests/cli/test_network_cost.py`` measures small networks."""

from dataclasses import replace

from mtkd.studies.networks.cost_record import device_name, is_measured
from tests.leaderboard.test_network_cost import cost

from .compared import network


def test_a_record_is_of_one_config(tmp_path):
    asked, file = network(tmp_path), tmp_path / 'kept.json'
    assert not is_measured(file, asked)
    cost(config_sha256=asked.sha256).write(file)
    assert is_measured(file, asked) and not is_measured(file, replace(asked, sha256='another'))


def test_the_devices_name():
    assert device_name('cpu') == 'CPU'
