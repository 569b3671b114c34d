import dataclasses

import pytest

from mtkd.studies.networks.support import NO, UNTRIED, YES, Finding, Trial
from mtkd.studies.networks.support_page import Cell, append_cell, is_known, read_cells, support_page

from .compared import network


@pytest.fixture
def toy(tmp_path):
    return network(tmp_path)


def cell(toy, feature='compile', state=YES, short='', reason='') -> Cell:
    return Cell.of(toy, feature, Finding(state, short, reason), Trial(size=(32, 48)), 1.24)


def test_cells_are_kept_line_by_line_and_the_last_counts(toy, tmp_path):
    path = tmp_path / 'deep' / 'cells.jsonl'
    assert read_cells(path) == {}
    first, second, other = cell(toy, state=NO, reason='a'), cell(toy, short='one graph'), cell(toy, 'ddp')
    append_cell(path, first)
    with path.open('a') as file:
        file.write('{"name": "MT", "conf')  # killed while it wrote
    append_cell(path, second)
    append_cell(path, other)
    assert read_cells(path) == {(toy.sha256, 'compile'): second, (toy.sha256, 'ddp'): other}
    assert second.seconds == 1.2 and second.versions['torch'] and second.finding == Finding(YES, 'one graph')


def test_a_line_of_another_kind_is_named(tmp_path):
    path = tmp_path / 'cells.jsonl'
    path.write_text('{"name": "MT"}\n')
    with pytest.raises(ValueError, match=r"cells.jsonl: line 1 is not a cell of the table, it lacks 'config'"):
        read_cells(path)


def test_known_is_what_was_tried_on_this_very_network(toy):
    cells = {(toy.sha256, 'compile'): cell(toy), (toy.sha256, 'fp16'): cell(toy, 'fp16', UNTRIED, reason='needs CUDA')}
    known = {f: is_known(cells, toy, f, Trial()) for f in ('compile', 'fp16', 'ddp')}
    assert known == {'compile': True, 'fp16': False, 'ddp': False}
    assert not is_known(cells, toy, 'compile', Trial(backend='aot_eager'))
    changed = dataclasses.replace(toy, sha256='other')
    assert not is_known(cells, changed, 'compile', Trial()) and '| MT | `toy` | - | - |' in support_page([changed], cells)


def test_the_page_gives_each_reason_once(toy):
    other = dataclasses.replace(toy, name='PAD|Net', config='configs/padnet.py', sha256='other')
    cells = {(c.sha256, c.feature): c for c in (
        cell(toy, short='one graph'), cell(toy, 'fp16', UNTRIED, reason='needs CUDA'),
        cell(other, short='2 graph breaks', reason='the operation <x> | y'),
        cell(other, 'fp16', UNTRIED, reason='needs CUDA'), cell(other, 'onnx', NO, reason='needs CUDA'))}
    text = support_page([toy, other], cells)
    assert '| MT | `toy` | yes, one graph | - | **not tried**<sup>1</sup> | - | - | - |' in text
    assert ('| PAD\\|Net | `padnet` | yes, 2 graph breaks<sup>2</sup> | - | **not tried**<sup>1</sup> | - | '
            '**no**<sup>1</sup> | - |') in text
    assert '1. needs CUDA.\n2. the operation &lt;x> \\| y.\n' in text
    version = cells[toy.sha256, 'compile'].versions['torch']
    assert 'python tools/network_support.py' in text and '32×48' in text and f'torch {version}' in text
