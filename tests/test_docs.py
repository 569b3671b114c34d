"""The documentation builds as a site in strict mode: a link to a missing page or heading is an error."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mtkd.cli.main import TOOLS
from tests.cli.test_main import options

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob('*.md'), *(ROOT / 'docs').rglob('*.md'), *(ROOT / 'projects').rglob('*.md')])
FILE = re.compile(r'(?<![\w/.])(?:configs|tools|mtkd|tests|benchmarks|projects)/[\w/.*{},-]+\.py\b')
RESULT_PAGES = list(json.loads((ROOT / 'results' / 'pages.json').read_text()))
PLACEHOLDER = re.compile(r'[…$]|/[A-Z]+\.py')


def site_module(name):
    """A module of docs/_site, which is not a package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / 'docs' / '_site' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    pytest.importorskip('mkdocs', reason='mkdocs is not installed (requirements/docs.txt)')
    for name in ('mkdocstrings', 'latex2mathml', 'ziamath'):
        pytest.importorskip(name, reason=f'{name} is not installed (requirements/docs.txt)')
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run([sys.executable, '-m', 'mkdocs', 'build', '--quiet', '--site-dir', str(folder)], cwd=ROOT,
                          capture_output=True, text=True, timeout=600, env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there(site):
    pages = [path.relative_to(ROOT / 'docs').with_suffix('') for path in (ROOT / 'docs').rglob('*.md')
             if '_site' not in path.parts]
    assert len(pages) > 15
    for page in [*pages, Path('architecture'), Path('changelog'), Path('contributing')]:
        assert (site / page / 'index.html').is_file() or (page.name == 'index' and (site / 'index.html').is_file()), page


def test_the_reference_has_every_package_and_its_docstrings(site):
    reference = (site / 'api' / 'mtkd.distill' / 'index.html').read_text(encoding='utf-8')
    assert 'id="mtkd.distill.link.Link"' in reference
    assert 'Compares taps of the student with taps of teachers' in reference
    shown = re.sub(r'<details.*?</details>', '', reference, flags=re.DOTALL)  # without the source code
    assert ':class:' not in shown and 'Attributes' in shown, 'roles are not Markdown'
    packages = {'.'.join(path.parent.relative_to(ROOT).parts) for path in (ROOT / 'mtkd').rglob('*.py')
                if not path.stem.startswith('_')}
    assert packages == {path.name for path in (site / 'api').iterdir() if path.is_dir()}


def test_leaderboards_are_web_pages_that_their_text_links(site):
    for name in RESULT_PAGES:
        text = (site / 'results' / name / 'index.html').read_text(encoding='utf-8')
        assert f'href="../{name}.html"' in text
        page = (site / 'results' / f'{name}.html').read_text(encoding='utf-8')
        assert page.startswith('<!doctype html>') and re.search('results sha256: [0-9a-f]{64}', page)


@pytest.mark.parametrize('name', RESULT_PAGES)
def test_pages_of_results_are_what_the_records_give(name):
    site_module('result_pages').make(name, ROOT / 'docs' / 'results' / f'{name}.md', '--check')


def test_a_page_that_its_records_do_not_give_is_named(tmp_path):
    (tmp_path / 'few_labels.md').write_text('old')
    with pytest.raises(RuntimeError, match='few_labels: .*does not match its results'):
        site_module('result_pages').make('few_labels', tmp_path / 'few_labels.md', '--check')


def test_nothing_comes_from_other_servers(site):
    home = (site / 'index.html').read_text(encoding='utf-8')
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', home)
    assert not [address for address in loaded if 'canonical' not in address], loaded


def expand(pattern: str) -> list[str]:
    """Expand braces like a shell, including nested ones (with duplicates): 'a{b,c{d,}}' -> ab, acd, ab, ac."""
    innermost = re.search(r'\{([^{}]*)\}', pattern)
    if innermost is None:
        return [pattern]
    before, after = pattern[:innermost.start()], pattern[innermost.end():]
    return [found for choice in innermost[1].split(',') for found in expand(before + choice + after)]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_are_there(page):
    text = page.read_text(encoding='utf-8')
    named = [path for name in set(FILE.findall(text)) if not PLACEHOLDER.search(name) for path in expand(name)]
    missing = [path for path in named if not [*ROOT.glob(path), *page.parent.glob(path)]]
    if page.parent.name == 'papers':  # names of configs without their folder
        bare = re.findall(r'`([\w*{},]+\.py)`', text)
        missing += [path for name in bare for path in expand(name) if not list((ROOT / 'configs').rglob(path))]
    assert not missing


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_that_a_page_names_are_the_tools(page):
    text = page.read_text(encoding='utf-8').replace('\\\n', ' ')
    for line in text.splitlines():
        for tool, arguments in re.findall(r'python \S*tools/(\w+)\.py([^`|]*)', line):
            command, = (command for command, file in TOOLS.items() if file == tool)
            assert set(re.findall(r'(?<=\s)--[a-z-]+', arguments.partition('#')[0])) <= options(command), line


def test_braces_are_expanded_as_a_shell_does():
    assert set(expand('a{b,c{d,}}')) == {'ab', 'acd', 'ac'} and expand('x') == ['x']


def test_equations_are_mathml(site):
    for name in ('kdam', 'kd4mtl', 'mlfd', 'distill_2md_mtl'):
        page = (site / 'papers' / name / 'index.html').read_text(encoding='utf-8')
        assert '<div class="equation"><math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in page
        assert 'arithmatex' not in page and f'src="../figures/{name}.svg"' in page and '@' in page and 'id="bibtex"' in page
    for name, fewest in (('mechanisms/balances', 100), ('catalogue', 5)):
        page = (site / name / 'index.html').read_text(encoding='utf-8')
        assert page.count('<math xmlns') >= fewest and 'arithmatex' not in page
    script = re.findall(r'<script[^>]*src="([^"]*)"', page)
    assert not [address for address in script if 'katex' in address.lower() or 'mathjax' in address.lower()]


def test_papers_stand_in_the_order_of_the_mission(site):
    home = (site / 'index.html').read_text(encoding='utf-8')
    found = [home.index(f'href="papers/{name}/"') for name in ('kdam', 'kd4mtl', 'mlfd', 'distill_2md_mtl')]
    assert found == sorted(found)


def test_every_page_is_in_the_navigation(site):
    home = (site / 'index.html').read_text(encoding='utf-8')
    navigation = set(re.findall(r'<a href="([^"#]+)/" class="md-nav__link"', home))
    pages = {path.parent.relative_to(site).as_posix() for path in site.rglob('index.html')} - {'.'}
    assert len(pages) > 30 and pages == navigation, pages ^ navigation


@pytest.mark.parametrize(('latex', 'words'), [
    (r'a \foo b', 'does not know'), (r'\begin{aligned} a &amp;= b \\ c &amp;= d\end{aligned}', 'does not know'),
    (r'\frac{a', 'a brace without'), (r'a_', 'cannot be converted')])
def test_an_equation_that_would_be_shown_wrongly_is_refused(latex, words):
    pytest.importorskip('ziamath', reason='ziamath is not installed (requirements/docs.txt)')
    with pytest.raises(ValueError, match=words):
        site_module('maths').rendered(f'<p><span class="arithmatex">\\({latex}\\)</span></p>')


def test_the_figures_are_well_formed_and_say_what_they_show():
    figures = sorted((ROOT / 'docs' / 'papers' / 'figures').glob('*.svg'))
    assert [figure.stem for figure in figures] == ['distill_2md_mtl', 'kd4mtl', 'kdam', 'mlfd']
    for figure in figures:
        root = ElementTree.parse(figure).getroot()
        assert len(root.findtext('{http://www.w3.org/2000/svg}desc')) > 80
        assert 'href' not in figure.read_text(encoding='utf-8'), 'nothing is fetched'
