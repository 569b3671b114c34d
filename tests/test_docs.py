"""The documentation builds as a site, strictly: a link to a page or heading that is not there is an error."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    pytest.importorskip('mkdocs', reason='mkdocs is not installed (requirements/docs.txt)')
    pytest.importorskip('mkdocstrings', reason='mkdocstrings is not installed (requirements/docs.txt)')
    folder = tmp_path_factory.mktemp('site')
    done = subprocess.run([sys.executable, '-m', 'mkdocs', 'build', '--quiet', '--site-dir', str(folder)], cwd=ROOT,
                          capture_output=True, text=True, timeout=600, env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'})
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_page_is_there(site):
    pages = [path.relative_to(ROOT / 'docs').with_suffix('') for path in (ROOT / 'docs').rglob('*.md')
             if not {'_site', 'records'} & set(path.parts)]
    assert len(pages) > 15
    for page in [*pages, Path('architecture'), Path('changelog'), Path('contributing')]:
        assert (site / page / 'index.html').is_file() or (page.name == 'index' and (site / 'index.html').is_file()), page


def test_the_reference_has_every_package_and_its_docstrings(site):
    reference = (site / 'api' / 'mtkd.distill' / 'index.html').read_text(encoding='utf-8')
    assert 'id="mtkd.distill.link.Link"' in reference
    assert 'Compares one tap of the student with one of a teacher' in reference
    shown = re.sub(r'<details.*?</details>', '', reference, flags=re.DOTALL)  # without the source code
    assert ':class:' not in shown and 'Attributes' in shown, 'roles are not Markdown'
    packages = {'.'.join(path.parent.relative_to(ROOT).parts) for path in (ROOT / 'mtkd').rglob('*.py')
                if not path.stem.startswith('_')}
    assert packages == {path.name for path in (site / 'api').iterdir() if path.is_dir()}


def test_nothing_comes_from_other_servers(site):
    home = (site / 'index.html').read_text(encoding='utf-8')
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', home)
    assert not [address for address in loaded if 'canonical' not in address], loaded
