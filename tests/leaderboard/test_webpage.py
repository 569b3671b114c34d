import re
from html.parser import HTMLParser

import pytest

from mtkd.leaderboard.aggregate import build
from mtkd.leaderboard.webpage import _prose, page

from .cases import MT_HRNET18, ST_HRNET18, result, single_task, write

VOID = {'meta', 'link', 'input', 'br'}


class Reader(HTMLParser):
    """Checks that tags are nested, and collects what the tests need."""

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.links, self.ids, self.targets, self.svgs = [], [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID and tag not in ('circle', 'path'):
            self.open.append(tag)
        if tag == 'tr' and 'id' in attrs:
            self.rows.append(attrs)
        if tag == 'svg':
            self.svgs.append(attrs)
        self.ids += [attrs['id']] if 'id' in attrs else []
        self.targets += [attrs['data-for']] if 'data-for' in attrs else []
        self.links += [attrs[key] for key in ('src', 'href', 'srcset', 'action', 'poster') if key in attrs]

    def handle_endtag(self, tag):
        if tag not in ('circle', 'path'):
            assert self.open.pop() == tag


@pytest.fixture
def html(tmp_path):
    kwargs = {'suite': 'kdam_nyud', 'backbone': 'hrnet18', 'params': 4_000_000, 'macs': 10**10, 'code_version': 'v1.2'}
    mt = [result(MT_HRNET18, seed=s, **kwargs) for s in range(2)]
    write(tmp_path, *single_task(ST_HRNET18, **kwargs), *mt, result(MT_HRNET18, method='<b>&co', **kwargs))
    return page(build([tmp_path]), 'NYUD & more', 'First `code`.\n\n- one,\n  goes on\n- **two** <x>\n')


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_every_row_is_there_in_its_own_block(html):
    rows = read(html).rows
    assert [row['data-method'] for row in rows if row['id'].startswith('s0m')] == ['ST', '<b>&co', 'MT']
    assert len([row for row in rows if row['id'].startswith('s0r')]) == 60
    measured, reported = html.index('Measured</h3>'), html.index('Reported by the paper')
    assert measured < html.index('id="s0m2"') < reported < html.index('id="s0r0"')


def test_nothing_is_fetched(html):
    reader = read(html)
    assert [link for link in reader.links if not link.startswith('#')] == []
    assert 'http' not in html and '//' not in re.sub(r'\n\s*//[^\n]*', '', html.replace('</', ''))
    assert '@import' not in html and 'url(' not in html


def test_ids_are_unique_and_points_belong_to_rows(html):
    reader = read(html)
    assert len(set(reader.ids)) == len(reader.ids)
    assert reader.targets and set(reader.targets) <= {row['id'] for row in reader.rows}


def test_one_plot_of_each_block_is_shown(html):
    svgs = read(html).svgs
    assert len([svg for svg in svgs if 'hidden' not in svg]) == 2
    assert len(svgs) == 2 * 2 * 5  # blocks x (MACs, parameters) x (delta and four metrics)


def test_hover_tells_command_seeds_and_code_version(html):
    start = html.index('id="s0m2"')
    more = html[start : html.index('</tr>', start)]
    assert '<dt>Seeds</dt><dd>0, 1</dd>' in more
    assert '<code>python tools/test.py configs/MT.py --seed N</code>' in more and more.count('python tools') == 1
    alone = html[html.index('id="s0m1"') : start]
    assert '<code>python tools/test.py configs/&lt;b&gt;&amp;co.py --seed 0</code>' in alone
    assert '<dt>Code version</dt><dd>v1.2</dd>' in more


def test_names_and_notes_are_escaped(html):
    assert '<b>&co' not in html and '&lt;b&gt;&amp;co' in html
    assert '<h1>NYUD &amp; more</h1>' in html
    assert '<p>First <code>code</code>.</p><ul><li>one, goes on</li><li><strong>two</strong> &lt;x&gt;</li></ul>' in html


def test_our_spelling_of_a_backbone_filters_with_the_papers(html):
    backbones = {row['data-backbone'] for row in read(html).rows if row['id'].startswith('s0m')}
    assert backbones == {'hrnet18'}
    assert html.count('<option value="hrnet18">HRNet18</option>') == 1


def test_best_cells_are_marked(html):
    assert html.count('class="num best"') > 4


def test_a_page_without_costs_or_papers(tmp_path):
    write(tmp_path, result({'semseg': 1.0}))
    html = page(build([tmp_path]), 'Toy', '')
    reader = read(html)
    assert len(reader.rows) == 1 and reader.svgs == []
    assert 'Reported by the paper' not in html


def test_several_suites_are_linked(tmp_path):
    write(tmp_path, result({'semseg': 1.0}, suite='a'), result({'semseg': 1.0}, suite='b'))
    reader = read(page(build([tmp_path]), 'Two', ''))
    assert reader.links == ['#s0', '#s1'] and {'s0', 's1'} <= set(reader.ids)


def test_comparisons_have_tables_of_their_own(tmp_path):
    kwargs = {'suite': 'kdam_nyud', 'backbone': 'hrnet18'}
    worse = {**MT_HRNET18, 'semseg': 30.0}
    write(tmp_path, *single_task(ST_HRNET18, **kwargs),
          *[result(values, seed, method=method, **kwargs) for seed in range(3)
            for method, values in (('<MT>', MT_HRNET18), ('KD', worse))])
    html = page(build([tmp_path], baseline='<MT>'), 'NYUD', '')
    reader = read(html)
    assert html.count('<div class="compared"') == 1
    assert 'data-first="&lt;MT&gt;" data-second="KD" data-backbone="hrnet18"' in html
    section = html[html.index('<div class="compared"'):html.index('Reported by the paper')]
    assert 'KD against &lt;MT&gt; (hrnet18; seeds 0, 1, 2)' in section
    assert '<th scope="row">semseg mIoU (%) ↑</th><td class="num">3</td>' in section and 'worse' in section
    assert '3 pairs of runs: the sign-flip test cannot give p below 0.25' in section
    assert len([row for row in reader.rows if row['id'].startswith('s0m')]) == 3, 'its lines are not rows of the leaderboard'


def test_a_note_has_code_and_emphasis():
    said = _prose('Two *kinds* of a*b*c:\n\n    one --x <y>\n      two\n\nEnd.')
    assert said == '<p>Two <em>kinds</em> of a*b*c:</p><pre>one --x &lt;y&gt;\n  two</pre><p>End.</p>'
