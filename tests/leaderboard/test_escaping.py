"""Names in results files cannot add markup, links or formulas."""

import csv
import dataclasses
import io
import re

import pytest

from mtkd.leaderboard import render
from mtkd.leaderboard.board import Row, SuiteBoard
from mtkd.leaderboard.escaping import code, csv_cell, markdown

HOSTILE = ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[a](javascript:alert(1))', '=1+1', '@SUM(A1)',
           '+cmd|calc', '-2+3', '\t=1', 'a|b', 'two\nlines', '&lt;b&gt;']


@pytest.mark.parametrize(('text', 'shown'), [
    ('<b>x</b>', '&lt;b>x&lt;/b>'), ('a|b', 'a\\|b'), ('two\r\nlines', 'two lines'), ('&lt;', '&amp;lt;'),
    ('A & B', 'A & B'),
    ('[a](b)', '[a\\](b)'), ('[a]: b', '[a\\]: b'), ('MT+KDAM (ours)', 'MT+KDAM (ours)'), ('[1, 2]', '[1, 2]')])
def test_markdown(text, shown):
    assert markdown(text) == shown


@pytest.mark.parametrize(('text', 'shown'), [
    ('depth', '`depth`'), ('a`<b>', '`a\N{PRIME}<b>`'), ('a|b', '`a\\|b`'), ('two\nlines', '`two lines`')])
def test_code(text, shown):
    assert code(text) == shown


@pytest.mark.parametrize(('value', 'cell'), [
    ('=1+1', "'=1+1"), ('@x', "'@x"), ('+x', "'+x"), ('-x', "'-x"), ('\t=1', "'\t=1"), ('-1.5', '-1.5'), ('+3', '+3'),
    ('1e-3', '1e-3'), ('MT', 'MT'), (-2.0, -2.0), (None, None), ('', '')])
def test_csv_cell(value, cell):
    assert csv_cell(value) == cell


@pytest.mark.parametrize('name', HOSTILE)
def test_no_page_renders_a_name_of_a_results_file(name):
    row = Row(name, name, 'multi_task', {}, student=name, train_set=name)
    given = {'suite': name, 'title': name, 'paper': '', 'columns': [], 'measured': [row], 'reported': [], 'notes': [],
             'comparisons': []}
    board = SuiteBoard(**{f.name: given[f.name] for f in dataclasses.fields(SuiteBoard) if f.name in given})
    text = render([board], 'md')
    assert not re.search(r'<(script|img|b)\b', text) and not re.search(r'(?<!\\)\]\(', text)
    table = [line for line in text.splitlines() if line.startswith('|')]
    assert len({len(re.findall(r'(?<!\\)\|', line)) for line in table}) == 1, 'every line has the same columns'
    for line in csv.reader(io.StringIO(render([board], 'csv'))):
        assert not [cell for cell in line if cell.startswith(('=', '@', '\t')) or re.match(r'[+-](?![\d.]+$)', cell)]
    assert not re.search(r'<(script>alert|img src)', render([board], 'html'))
