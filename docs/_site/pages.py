"""MkDocs hook: the site's order, and the pages that are not written under docs/.

Those are the API reference (a page for each package), files of the checkout's root, and leaderboards as web pages.
"""

import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))  # the hook's neighbours are no package

import maths
import result_pages

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {'architecture.md': 'ARCHITECTURE.md', 'contributing.md': 'CONTRIBUTING.md', 'changelog.md': 'CHANGELOG.md'}
SECTIONS = {'Papers': 'papers', 'Mechanisms': 'mechanisms', 'Results': 'results'}
FIRST = {'papers': ('kdam', 'kd4mtl', 'mlfd', 'distill_2md_mtl')}  # pages with a fixed place; the others follow by name


def on_config(config: Any) -> Any:
    """Put papers before mechanisms, and every page of a folder into its section."""
    docs = Path(config['docs_dir'])
    config['nav'] = [{'Get started': 'index.md'}, {'The first hour': 'first_hour.md'},
                     *({title: [f'{folder}/{name}.md' for name in ordered(docs / folder)]}
                       for title, folder in SECTIONS.items()),
                     {'Catalogue': 'catalogue.md'},
                     {'Benchmarks': 'benchmarks.md'},
                     {'API': [f'api/{package}.md' for package in packages()]},
                     {'Project': list(ROOT_PAGES)}]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add what is not written under docs/."""
    for page, source in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding='utf-8')))
    for package in packages():
        files.append(File.generated(config, f'api/{package}.md', content=page_of(package)))
    files.append(File.generated(config, f'fonts/{maths.FONT.name}', content=maths.FONT.read_bytes()))
    for name in result_pages.listed():
        files.append(File.generated(config, f'results/{name}.html', content=result_pages.web_page(name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Link a results page to its web page, which exists on the site only."""
    folder, name = Path(page.file.src_uri).parent.name, Path(page.file.src_uri).stem
    if folder != 'results' or name not in result_pages.listed():
        return markdown
    heading, _, rest = markdown.partition('\n')
    return f'{heading}\n\n[The same as a page whose tables sort and filter]({name}.html)\n{rest}'


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Convert equations to MathML.

    Raises:
        PluginError: an equation cannot be converted; the message names page and equation.
    """
    try:
        return maths.rendered(html)
    except ValueError as error:
        raise PluginError(f'{page.file.src_uri}: {error}') from error


def ordered(folder: Path) -> list[str]:
    """The pages of a folder in order, without their extensions."""
    first = FIRST.get(folder.name, ())
    return [*first, *sorted({page.stem for page in folder.glob('*.md')} - set(first))]


def packages() -> list[str]:
    """Dotted names of mtkd's packages that contain modules."""
    folders = [path.parent for path in sorted((ROOT / 'mtkd').rglob('__init__.py'))]
    return ['.'.join(folder.relative_to(ROOT).parts) for folder in folders if modules(folder)]


def modules(folder: Path) -> list[str]:
    """Public modules directly in a package's folder."""
    return sorted(path.stem for path in folder.glob('*.py') if not path.stem.startswith('_'))


def page_of(package: str) -> str:
    """The Markdown of a package's page: each module in turn."""
    found = modules(ROOT.joinpath(*package.split('.')))
    return f'# {package}\n\n' + '\n'.join(f'::: {package}.{module}\n' for module in found)
