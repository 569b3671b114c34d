"""Generate the pages in docs/results/ from records: ``python docs/_site/result_pages.py [--check]``.

``results/pages.json`` lists them: page name -> the arguments of ``mtkd leaderboard``, without ``--out``.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mtkd.cli.main import main as mtkd

ROOT = Path(__file__).resolve().parents[2]


def listed() -> dict[str, list[str]]:
    """Name -> arguments of ``mtkd leaderboard``."""
    return json.loads((ROOT / 'results' / 'pages.json').read_text(encoding='utf-8'))


def make(name: str, out: Path, *options: str) -> None:
    """Generate a page, in the format given by the extension of ``out``.

    Args:
        name: one of :func:`listed`.
        out: the output file.
        options: further options, such as ``--check``.

    Raises:
        RuntimeError: the command failed, or the page does not match the records; the message gives the reason.
    """
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _inside(ROOT):
        code = mtkd(['leaderboard', *listed()[name], '--out', str(out), *options])
    if code:
        raise RuntimeError(f'results/pages.json, {name}: {said.getvalue().strip()}')


def web_page(name: str) -> str:
    """A page as HTML."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f'{name}.html'
        make(name, out)
        return out.read_text(encoding='utf-8')


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def main() -> int:
    """Write the Markdown pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='write nothing; exit 1 if a page does not match the records')
    options = ['--check'] if parser.parse_args().check else []
    failed = 0
    for name in listed():
        try:
            make(name, ROOT / 'docs' / 'results' / f'{name}.md', *options)
        except RuntimeError as error:
            failed += 1
            print(error, file=sys.stderr)
        else:
            print(f'docs/results/{name}.md')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
