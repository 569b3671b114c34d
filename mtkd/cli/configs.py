"""List the configs that come with mtkd, with method, student, data and cost."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from ..config_files import ConfigFacts, facts, known_configs
from ..config_text import check

EXAMPLE = """\
examples:
  mtkd configs                      all of them
  mtkd configs kdam swin            those with both words in name, method, student, data, suite or teachers
  mtkd configs nyud114 --long       with purpose and cost

exit code: 0 all configs were read; 2 a config cannot be read (it is named on stderr, the others are listed), or none matches
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('words', nargs='*', metavar='WORD', help='only configs that have every word')
    parser.add_argument('--long', action='store_true', help='also show purpose and cost of each')
    parser.add_argument('--json', action='store_true', help='print JSON, for other programs')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    found, code = [], 0
    for name, path in known_configs().items():
        try:
            one = _facts(path, name)
        except ValueError as error:
            print(f'error: {error}', file=sys.stderr)
            code = 2
            continue
        if _has(one, arguments.words):
            found.append(one)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], indent=1))
        return code
    if not found:
        raise ValueError(f"no config has the words {' '.join(arguments.words)}; mtkd configs lists all.")
    width = max(len(one.name) for one in found)
    for one in found:
        print(f'{one.name:{width}}  {" · ".join(part for part in (one.method, one.student, one.data) if part)}')
        if arguments.long:
            for line in (one.purpose, f'teachers: {", ".join(one.teachers)}' if one.teachers else '', one.cost):
                print(f'    {line}' if line else '', end='\n' if line else '')
    print(f'\n{len(found)} configs; mtkd train NAME trains one, mtkd train NAME --smoke tries it without data.')
    return code


def _facts(path: Path, name: str) -> ConfigFacts:
    """What a config says of itself.

    Raises:
        ValueError: it, or a base of it, cannot be read; names the file.
    """
    try:
        return facts(path, name)
    except (ValueError, SyntaxError, OSError, RecursionError) as error:
        check(path, {})  # names the file at fault, and the line
        raise ValueError(f'{path} cannot be read as a config: {type(error).__name__}: {error}') from None


def _has(one: ConfigFacts, words: list[str]) -> bool:
    text = ' '.join((one.name, one.method, one.student, one.data, one.suite, *one.teachers)).lower()
    return all(word.lower() in text for word in words)
