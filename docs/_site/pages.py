"""MkDocs hook: the site's order, a page of API reference for each package, and the pages that lie in the checkout's root."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
ROOT_PAGES = {'architecture.md': 'ARCHITECTURE.md', 'contributing.md': 'CONTRIBUTING.md', 'changelog.md': 'CHANGELOG.md'}
SECTIONS = {'Papers': 'papers', 'Mechanisms': 'mechanisms', 'Results': 'results'}


def on_config(config: Any) -> Any:
    """Put papers before mechanisms, and every page of a folder into its section."""
    docs = Path(config['docs_dir'])
    config['nav'] = [{'Get started': 'index.md'},
                     *({title: [f'{folder}/{page.name}' for page in sorted((docs / folder).glob('*.md'))]}
                       for title, folder in SECTIONS.items()),
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
    return files


def packages() -> list[str]:
    """Dotted names of mtkd's packages that have modules of their own."""
    folders = [path.parent for path in sorted((ROOT / 'mtkd').rglob('__init__.py'))]
    return ['.'.join(folder.relative_to(ROOT).parts) for folder in folders if modules(folder)]


def modules(folder: Path) -> list[str]:
    """Public modules right in a package's folder."""
    return sorted(path.stem for path in folder.glob('*.py') if not path.stem.startswith('_'))


def page_of(package: str) -> str:
    """The Markdown of a package's page: each module in turn."""
    found = modules(ROOT.joinpath(*package.split('.')))
    return f'# {package}\n\n' + '\n'.join(f'::: {package}.{module}\n' for module in found)
