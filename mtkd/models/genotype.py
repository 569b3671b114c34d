"""Genotypes of ATRC: the kind of context for each pair of tasks; published, given, or from the file of a search."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import atomic

Genotype = Mapping[str, Mapping[str, int]]
KINDS = ('none', 'global', 'local', 'target_regions', 'source_regions')  # the published codes 0 to 4
GENOTYPE_FILE = 'genotype.json'  # written by a search to its work dir
_FORMAT = 'mtkd ATRC genotype 1'


def _genotype(tasks: str, *rows: str) -> Genotype:
    names = tasks.split()
    return {target: dict(zip(names, map(int, row), strict=True)) for target, row in zip(names, rows, strict=True)}


GENOTYPES: dict[str, Genotype] = {  # target -> source -> kind; fact sheet 4.3
    'nyud_hrnet18': _genotype('semseg depth normals edge', '3344', '4344', '4334', '3313'),
    'pascal_hrnet18': _genotype('semseg human_parts sal normals edge', '33404', '33434', '33343', '33334', '33313')}


def find_genotype(genotype: str | Genotype, tasks: Sequence[str]) -> Genotype:
    """Resolve a genotype argument, in the order of the tasks.

    Args:
        genotype: one of :data:`GENOTYPES`, the file of a search (``*.json``), or target -> source -> kind.
        tasks: the tasks of the network.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the genotype is unknown or damaged, has an unknown kind, or was made for other tasks.
    """
    if isinstance(genotype, str) and genotype not in GENOTYPES:
        if not genotype.endswith('.json'):
            raise ValueError(f"ATRCNeck: genotype='{genotype}' is unknown; choose one of {', '.join(GENOTYPES)}, or give "
                             f'the {GENOTYPE_FILE} of a search, or a mapping target -> source -> kind.')
        return _checked(read_genotype(genotype), tasks, f'of {genotype}')
    if isinstance(genotype, str):
        return _checked(GENOTYPES[genotype], tasks, f"'{genotype}'")
    if isinstance(genotype.get('config'), str):
        raise ValueError(f'ATRCNeck: genotype=dict(config=...) is only resolved by the commands of mtkd; in your own code, '
                         f'give the file that the search wrote, .../{GENOTYPE_FILE}.')
    return _checked(genotype, tasks, 'given')


def _checked(genotype: Genotype, tasks: Sequence[str], name: str) -> Genotype:
    rows = [('its targets', genotype), *((f"the sources of '{target}'", row) for target, row in genotype.items())]
    for what, row in rows:
        if set(row) != set(tasks):
            raise ValueError(f'ATRCNeck: the genotype {name} was made for other tasks: {what} are {", ".join(row)}, the '
                             f'tasks are {", ".join(tasks)}.')
    for target, row in genotype.items():
        for source, kind in row.items():
            if kind not in range(len(KINDS)):
                raise ValueError(f'ATRCNeck: the genotype {name} has the kind {kind} for {target} from {source}; kinds are '
                                 f'{", ".join(f"{i} {text}" for i, text in enumerate(KINDS))}.')
    return {task: {source: genotype[task][source] for source in tasks} for task in tasks}


def any_genotype(tasks: Sequence[str]) -> dict[str, dict[str, int]]:
    """A genotype that cycles through all kinds, to try a network before its search was run."""
    return {target: {source: (i + j + 1) % len(KINDS) for j, source in enumerate(tasks)} for i, target in enumerate(tasks)}


def write_genotype(path: Path, genotype: Genotype, about: Mapping[str, Any]) -> None:
    """Write the result of a search atomically: readers see either the old or the complete new file.

    Args:
        path: the file.
        genotype: target -> source -> kind; kinds are written by their names.
        about: further metadata, such as the origin of the genotype.
    """
    named = {target: {source: KINDS[kind] for source, kind in row.items()} for target, row in genotype.items()}
    atomic.write_text(path, json.dumps({'format': _FORMAT, 'tasks': list(genotype), 'genotype': named, **about}, indent=1))


def read_genotype(path: str | Path) -> Genotype:
    """Read a file written by :func:`write_genotype`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, has another format, or names an unknown kind.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'the genotype {path} does not exist; train a config with the neck ATRCSearchNeck to make '
                                f'one.')
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        rows = {str(target): {str(source): str(kind) for source, kind in row.items()}
                for target, row in content['genotype'].items()}
        right = content['format'] == _FORMAT and content['tasks'] == list(rows)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{path} is not a genotype, or is damaged ({type(error).__name__}: {error}): run its search '
                         f'again.') from error
    if not right:
        raise ValueError(f"{path} is not a valid genotype: its format is {content['format']!r}, not {_FORMAT!r}, or its "
                         f'tasks differ from its targets.')
    unknown = [(t, s, kind) for t, row in rows.items() for s, kind in row.items() if kind not in KINDS]
    if unknown:
        target, source, kind = unknown[0]
        raise ValueError(f"{path} has the kind '{kind}' for {target} from {source}; kinds are {', '.join(KINDS)}.")
    return {target: {source: KINDS.index(kind) for source, kind in row.items()} for target, row in rows.items()}
