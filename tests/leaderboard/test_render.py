import csv
import io
import json

import pytest

from mtkd.leaderboard.aggregate import build
from mtkd.leaderboard.render import FORMATS, format_of, render, why_stale

from .cases import MT_HRNET18, ST_HRNET18, result, single_task, write


@pytest.fixture
def boards(tmp_path):
    kwargs = {'suite': 'kdam_nyud', 'backbone': 'HRNet18'}
    mt = [result(MT_HRNET18, seed=s, params=4_516_000, **kwargs) for s in range(2)]
    write(tmp_path, *single_task(ST_HRNET18, **kwargs), *mt)
    return build([tmp_path])


def tables(text):
    """The Markdown tables of a page as lists of cells."""
    found, last = [], False
    for line in text.splitlines():
        if line.startswith('|'):
            if not last:
                found.append([])
            found[-1].append([cell.strip() for cell in line.strip('|').split(' | ')])
        last = line.startswith('|')
    return found


def test_markdown_has_two_tables(boards):
    text = render(boards, title='A title', note='The protocol.')
    assert text.startswith('# A title\n\nThe protocol.\n\n## Measured\n')
    measured, reported = tables(text)
    assert len(measured) == 2 + 2 and len(reported) == 2 + 60
    for rows in (measured, reported):
        assert len({len(row) for row in rows if not row[0].startswith('---')}) == 1
    assert measured[0] == [
        'Method', 'Backbone', 'n', 'semseg mIoU (%) ↑', 'depth rmse (m) ↓', 'normals mErr (deg) ↓', 'edge odsF (%) ↑',
        'Δ<sub>mt</sub> (%) ↑', 'Params (M) ↓',
    ]  # fmt: skip
    assert measured[3] == [
        'MT', 'HRNet18', '2', '36.35 ± 0.00', '0.6284 ± 0.0000', '21.02 ± 0.00', '**76.36 ± 0.00**', '-1.88 ± 0.00',
        '4.52',
    ]  # fmt: skip
    [kdam] = [row for row in reported if row[0].startswith('MT+KDAM') and row[1:4] == ['HRNet18', '-', '1']]
    assert kdam[-4:] == ['-0.73', '-1.53', '4.52', '17.59']
    assert kdam[0] == 'MT+KDAM<sup>1</sup>'


def test_csv_parses_back(boards):
    rows = list(csv.DictReader(io.StringIO(render(boards, 'csv'))))
    assert [row['block'] for row in rows] == ['measured'] * 2 + ['reported'] * 60
    mt = rows[1]
    assert float(mt['semseg.mIoU']) == 36.35 and float(mt['semseg.mIoU.ci95']) == 0
    assert float(mt['delta_mt']) == pytest.approx(-1.8849, abs=1e-4)
    assert mt['seeds'] == '0 1' and mt['params'] == '4516000' and mt['n'] == '2'
    kdam = next(row for row in rows if row['method'] == 'MT+KDAM')
    assert kdam['delta_mt.printed'] == '-0.73' and kdam['semseg.mIoU'] == '36.85' and kdam['n'] == ''


def test_json_parses_back(boards):
    data = json.loads(render(boards, 'json'))
    suite = data['suites']['kdam_nyud']
    assert len(suite['measured']) == 2 and len(suite['reported']) == 60
    assert suite['measured'][1]['metrics']['semseg']['mIoU'] == {'mean': 36.35, 'ci95': 0.0, 'n': 2}
    assert suite['reported'][2]['printed_delta'] == -0.73
    assert suite['reported'][2]['metrics']['edge']['odsF']['printed'] == '76.10'


def test_undefined_numbers_are_empty_and_null(tmp_path):
    write(tmp_path, result({'semseg': float('nan')}))
    boards = build([tmp_path])
    [row] = csv.DictReader(io.StringIO(render(boards, 'csv')))
    assert row['semseg.mIoU'] == '' and row['delta_mt'] == ''
    [record] = json.loads(render(boards, 'json'))['suites']['toy']['measured']
    assert record['metrics']['semseg']['mIoU']['mean'] is None
    assert 'undefined' in render(boards, 'md')


@pytest.mark.parametrize('form', FORMATS)
def test_the_same_results_give_the_same_text_wherever_they_lie(tmp_path, form):
    texts = []
    for place in ('here', 'there'):
        write(tmp_path / place, result({'semseg': 2.0}, seed=1), result({'semseg': 1.0}), *single_task({'semseg': 1.0}))
        texts.append(render(build([tmp_path / place]), form))
    assert texts[0] == texts[1]


def test_pipes_do_not_break_a_table(tmp_path):
    write(tmp_path, result({'semseg': 1.0}, method='a|b'))
    assert '| a\\|b<sup>1</sup> |' in render(build([tmp_path]))


def test_several_suites_have_headings(tmp_path):
    write(tmp_path, result({'semseg': 1.0}, suite='a'), result({'depth': 1.0}, suite='b'))
    text = render(build([tmp_path]))
    assert text.startswith('# Leaderboard\n\n## a\n\n### Measured\n') and '\n## b\n' in text
    rows = list(csv.DictReader(io.StringIO(render(build([tmp_path]), 'csv'))))
    assert (rows[0]['semseg.mIoU'], rows[0]['depth.rmse'], rows[1]['depth.rmse']) == ('1.0', '', '1.0')


def test_unknown_format(boards):
    with pytest.raises(ValueError, match='unknown format'):
        render(boards, 'pdf')


def test_format_by_ending():
    endings = ('md', 'CSV', 'json', 'html', 'txt')
    assert [format_of(f'x.{end}') for end in endings] == ['md', 'csv', 'json', 'html', None]


def test_a_stale_page_says_why(tmp_path, boards):
    page = tmp_path / 'page.md'
    assert 'does not exist' in why_stale(page, 'text')
    for form in ('md', 'html', 'json'):
        text = render(boards, form)
        page.write_text(text)
        assert why_stale(page, text) is None
        titled = why_stale(page, text.replace('KDAM, NYUD', 'Mine'))
        assert 'the results are unchanged, but title' in titled and '. ' not in titled
    page.write_text(render(boards, 'md'))
    write(tmp_path / 'more', result({'semseg': 1.0}, suite='kdam_nyud'))
    other = why_stale(page, render(build([tmp_path / 'more']), 'md'))
    assert 'does not match its results; run' in other
    page.write_text(render(boards, 'csv'))
    assert 'does not match its results; run' in why_stale(page, 'text')


def test_comparisons_in_markdown_and_json(tmp_path):
    write(tmp_path, *single_task(ST_HRNET18), *[result({**MT_HRNET18, 'semseg': value}, seed, method=method)
          for method, values in {'MT': (36.0, 36.5, 36.4), 'KD': (36.2, 36.9, 36.5)}.items()
          for seed, value in enumerate(values)])
    boards = build([tmp_path], pairs=[('MT', 'KD')])
    text = render(boards, 'md')
    assert '## Compared over common seeds\n\n**KD against MT (hrnet18; seeds 0, 1, 2)**' in text
    table = tables(text)[-1]
    assert table[0] == ['Metric', 'n', 'Mean difference', 'On average', 'p, t-test', 'p, sign flips']
    assert table[2][:4] == ['semseg mIoU (%) ↑', '3', '+0.23 ± 0.38', 'better'] and table[2][5] == '0.250'
    assert table[3] == ['depth rmse (m) ↓', '3', '0.0000 ± 0.0000', 'equal', '-', '1.000']
    assert table[-1][0] == 'Δ<sub>mt</sub> (%) ↑'
    suite = json.loads(render(boards, 'json'))['suites']['toy']
    [comparison] = suite['comparisons']
    assert comparison['first'] == 'MT' and comparison['tests'][0]['differences'] == pytest.approx([0.2, 0.4, 0.1])
    runs = next(row for row in suite['measured'] if row['method'] == 'KD')['runs']
    assert [run['seed'] for run in runs] == [0, 1, 2] and runs[1]['metrics']['semseg']['mIoU'] == 36.9
    assert runs[1]['delta'] == pytest.approx(-1.8849 + 100 * 0.55 / 38.02 / 4, abs=1e-3)


def test_the_hash_is_of_the_results_alone(tmp_path):
    runs = [result({'semseg': 1.0}, seed=seed) for seed in range(2)]
    write(tmp_path / 'a', *runs)
    write(tmp_path / 'b', *reversed(runs))
    write(tmp_path / 'c', runs[0], result({'semseg': 1.5}, seed=1))
    digests = [build([tmp_path / name])[0].digest for name in 'abc']
    assert digests[0] == digests[1] != digests[2]
    assert build([], 'kdam_pascal')[0].digest == ''
