"""The leaderboard page in a real Chromium: sorting, filtering and hovering; skipped if there is none.

Needs ``pip install playwright`` and a Chromium (``apt-get install chromium``, or ``playwright install chromium``). With
``MTKD_SCREENSHOTS=DIR`` the screenshots of the page are kept there for inspection.
"""

import os
import shutil
from pathlib import Path

import pytest

from mtkd.leaderboard.aggregate import build
from mtkd.leaderboard.webpage import page
from tests.leaderboard.cases import MT_HRNET18, ST_HRNET18, result, single_task, write

sync = pytest.importorskip('playwright.sync_api', reason='playwright is not installed: pip install playwright')
CHROMIUM = next((path for name in ('chromium', 'chromium-browser', 'google-chrome') if (path := shutil.which(name))), None)


@pytest.fixture(scope='module')
def browser():
    """A headless Chromium."""
    with sync.sync_playwright() as driver:
        try:
            started = driver.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        except sync.Error as error:
            pytest.skip(f'no Chromium can be started (apt-get install chromium): {str(error).splitlines()[0]}')
        yield started
        started.close()


@pytest.fixture(scope='module')
def html(tmp_path_factory) -> Path:
    """A page with three methods on two backbones and the paper's rows."""
    folder = tmp_path_factory.mktemp('board')
    kwargs = {'suite': 'kdam_nyud', 'params': 4_000_000, 'macs': 10**10, 'code_version': 'v1.2'}
    rows = [*single_task(ST_HRNET18, **kwargs), *single_task(ST_HRNET18, backbone='swin_t', **kwargs)]
    for place, (method, backbone) in enumerate((('MT', 'hrnet18'), ('MT+KDAM', 'hrnet18'), ('MT', 'swin_t'))):
        for seed in (0, 1):
            values = {task: value * (1 + 0.02 * place + 0.001 * seed) for task, value in MT_HRNET18.items()}
            rows.append(result(values, seed, method=method, backbone=backbone, **{**kwargs, 'macs': 10**10 * (1 + place)}))
    file = folder / 'board.html'
    boards = build([write(folder / 'runs', *rows)], 'kdam_nyud')
    file.write_text(page(boards, 'Toy rooms', 'The *protocol*.'), encoding='utf-8')
    return file


@pytest.fixture
def opened(browser, html, tmp_path, request):
    """The open page; after the test, nothing may have been fetched and no script error may have occurred."""
    view = browser.new_page(viewport={'width': 1280, 'height': 900})
    wrong, fetched = [], []
    view.on('pageerror', lambda error: wrong.append(str(error)))
    view.on('console', lambda message: wrong.append(message.text) if message.type == 'error' else None)
    view.on('request', lambda asked: fetched.append(asked.url))
    view.goto(html.as_uri())
    yield view
    folder = Path(os.environ.get('MTKD_SCREENSHOTS') or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    view.screenshot(path=folder / f'{request.node.name}.png', full_page=True)
    view.close()
    assert not wrong and fetched == [html.as_uri()], 'no error, and no request except for the page itself'


def shown(view, column: int | None = None) -> list[str]:
    """The sort values, or ids, of the visible measured rows, in order."""
    return view.eval_on_selector_all(
        '.measured tbody tr[id]', '(rows, column) => rows.filter(row => row.checkVisibility()).map('
        'row => column === null ? row.id : row.cells[column].dataset.sort)', column)


def heading(view, text: str):
    """The button of a measured column, and the number of the column."""
    heads = view.locator('.measured thead th')
    place = next(i for i in range(heads.count()) if text in heads.nth(i).inner_text())
    return heads.nth(place).locator('button'), place


def test_a_heading_sorts_and_a_third_click_gives_the_order_back(opened):
    before = shown(opened)
    button, column = heading(opened, 'rmse')
    button.click()
    values = [float(value) for value in shown(opened, column) if value]
    assert len(values) > 3 and values == sorted(values), 'the best first: the smallest error'
    button.click()
    assert [float(value) for value in shown(opened, column) if value] == values[::-1]
    button.click()
    assert shown(opened) == before


def test_filters_act_on_rows_points_and_the_count(opened):
    every = len(shown(opened))
    opened.fill('#method', 'kdam')
    kept = shown(opened)
    assert 0 < len(kept) < every and opened.locator('#count').inner_text().split()[0].isdigit()
    visible = opened.eval_on_selector_all('.measured figure svg:not([hidden]) .pt',
                                          'points => points.filter(p => !p.hasAttribute("hidden")).map(p => p.dataset.for)')
    assert visible and set(visible) <= set(kept), 'a plot only shows the rows of its table'
    opened.fill('#method', '')
    opened.select_option('#backbone', label='Swin-T')
    assert 0 < len(shown(opened)) < every
    opened.fill('#method', 'nothing of that name')
    assert shown(opened) == []


def test_the_plot_changes_its_axes(opened):
    figure = opened.locator('.measured figure')
    first = figure.locator('svg:visible').get_attribute('data-y')
    figure.locator('select[data-axis="y"]').select_option('1')
    assert figure.locator('svg:visible').count() == 1 and figure.locator('svg:visible').get_attribute('data-y') != first


def test_details_are_shown_inside_the_window(opened):
    opened.locator('.measured tbody tr[id]').first.hover()
    tip = opened.locator('#tip')
    assert tip.is_visible() and 'Command' in tip.inner_text()
    box = tip.bounding_box()
    assert box['x'] >= 0 and box['x'] + box['width'] <= 1280 and box['y'] + box['height'] <= 900


@pytest.mark.parametrize('width', [390, 1280])
def test_nothing_sticks_out_sideways(opened, width):
    opened.set_viewport_size({'width': width, 'height': 800})
    assert opened.evaluate('document.documentElement.scrollWidth') <= width, 'wide tables scroll in their own container'


def test_light_and_dark(opened):
    colour = 'getComputedStyle(document.body).backgroundColor'
    before = opened.evaluate(colour)
    opened.click('#theme')
    assert opened.evaluate(colour) != before
