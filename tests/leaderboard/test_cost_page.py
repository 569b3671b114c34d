import csv
import io
import json

import pytest

from mtkd.leaderboard import record_cost, render_costs

from ..cli.called import leaderboard
from .test_network_cost import cost

RECORDS = [cost('PAD-Net', 2.0), cost('NDDR', 1.25), cost('MT', 1.5, params=3_307_000)]


def test_the_baseline_first_then_by_the_step():
    text = render_costs(RECORDS, title='Costs', note='How it was measured.')
    assert text.startswith('# Costs\n\nHow it was measured.\n\n') and '## 114×154, batch 4, CPU, 1 thread\n' in text
    rows = [line for line in text.splitlines() if line.startswith('| ')]
    assert rows[0].endswith('| Step (s) | Kept for backward (MB) | Peak of a step (MB, resident size) |')
    assert [row.split(' | ')[0] for row in rows[1:]] == ['| MT (the baseline)', '| NDDR', '| PAD-Net']
    assert rows[3] == '| PAD-Net | MobileNetV3-L | 3.768 | 0.946 | 2.00 | 1.75-2.25 | 1.000 | 80.0 | 123.4 |'
    assert 'Steps by the processor time of the process' in text and '11 of each' in text and 'torch 2.15.0' in text


def test_a_table_for_each_setting():
    gpu = [cost('MT', 1.0, device='NVIDIA H200', clock='wall', peak_of='CUDA allocator', steps=25)]
    text = render_costs([*RECORDS, *gpu])
    assert text.count('\n## ') == 2 and '(MB, CUDA allocator)' in text and '(MB, resident size)' in text
    assert 'Steps by the wall clock, 25 of each' in text


def test_formats():
    page = render_costs(RECORDS, 'html', 'A <b>')
    assert page.startswith('<!doctype html>') and 'A &lt;b&gt;' in page and '<td class="num">2.00</td>' in page
    rows = list(csv.DictReader(io.StringIO(render_costs(RECORDS, 'csv'))))
    assert [row['network'] for row in rows] == ['MT', 'NDDR', 'PAD-Net']
    assert (rows[2]['height'], float(rows[2]['step_ratio']), float(rows[2]['ratio_q3'])) == ('114', 2.0, 2.25)
    data = json.loads(render_costs(RECORDS, 'json'))
    assert data['costs'][0]['networks'][0]['params'] == 3_307_000
    with pytest.raises(ValueError, match='unknown format'):
        render_costs(RECORDS, 'pdf')


@pytest.mark.parametrize('end', ['md', 'html', 'json', 'csv'])
def test_the_tool(tmp_path, capsys, end):
    for record in RECORDS:
        record_cost(tmp_path / 'costs.jsonl', record)
    command = [str(tmp_path / 'costs.jsonl'), '--costs', '--out', str(tmp_path / f'page.{end}')]
    assert leaderboard(command) == 0 and leaderboard([*command, '--check']) == 0
    record_cost(tmp_path / 'costs.jsonl', cost('MT', 1.6))
    assert leaderboard([*command, '--check']) == 1
    assert 'does not match its results' in capsys.readouterr().err


def test_mistakes_of_the_tool(tmp_path, capsys):
    assert leaderboard([str(tmp_path), '--costs']) == 2
    assert 'no such file of records' in capsys.readouterr().err
    assert leaderboard([str(tmp_path), '--costs', '--suite', 'toy']) == 2
    assert 'writes a separate page' in capsys.readouterr().err
