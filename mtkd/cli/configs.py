"""List the configs that come with mtkd, with method, student and data."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from ..config_files import ConfigFacts, facts, known_configs
from ..config_text import check

EXAMPLE = """\
examples:
  mtkd configs                      list all configs
  mtkd configs kdam swin            only those with both words in name, method, student, data, suite or teachers
  mtkd configs nyud114 --long       also show purpose, teachers and cost

exit code: 0 all configs were read; 2 none matches, or a config cannot be read (printed to stderr; the others are listed)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('words', nargs='*', metavar='WORD',
                        help='list only configs that contain every word, in any case (default: list all)')
    parser.add_argument('--long', action='store_true', help='also show purpose, teachers and cost of each config')
    parser.add_argument('--json', action='store_true', help='print all fields as JSON')


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
        raise ValueError(f"no config contains all of: {' '.join(arguments.words)}; mtkd configs lists all configs.")
    width = max(len(one.name) for one in found)
    for one in found:
        print(f'{one.name:{width}}  {" · ".join(part for part in (one.method, one.student, one.data) if part)}')
        if arguments.long:
            for line in (one.purpose, f'teachers: {", ".join(one.teachers)}' if one.teachers else '', one.cost):
                print(f'    {line}' if line else '', end='\n' if line else '')
    print(f'\n{len(found)} configs; mtkd train NAME trains one, mtkd train NAME --smoke tries it on synthetic data.')
    return code


def _facts(path: Path, name: str) -> ConfigFacts:
    """The description of a config.

    Raises:
        ValueError: the config or one of its bases cannot be read; the message names the file.
    """
    try:
        return facts(path, name)
    except (ValueError, SyntaxError, OSError, RecursionError) as error:
        check(path, {})  # raises an error with the file and line
        raise ValueError(f'{path} cannot be read as a config: {type(error).__name__}: {error}') from None


def _has(one: ConfigFacts, words: list[str]) -> bool:
    text = ' '.join((one.name, one.method, one.student, one.data, one.suite, *one.teachers)).lower()
    return all(word.lower() in text for word in words)
