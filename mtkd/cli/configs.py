"""List the configs that come with mtkd, with method, student, data and cost."""

import argparse
import json
from dataclasses import asdict

from ..config_files import ConfigFacts, facts, known_configs

EXAMPLE = """\
examples:
  mtkd configs                      all of them
  mtkd configs kdam swin            those with both words in name, method, student, data, suite or teachers
  mtkd configs nyud114 --long       with purpose and cost
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('words', nargs='*', metavar='WORD', help='only configs that have every word')
    parser.add_argument('--long', action='store_true', help='also show purpose and cost of each')
    parser.add_argument('--json', action='store_true', help='print JSON, for other programs')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    found = [one for name, path in known_configs().items() if _has(one := facts(path, name), arguments.words)]
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], indent=1))
        return 0
    if not found:
        raise ValueError(f"no config has the words {' '.join(arguments.words)}; mtkd configs lists all.")
    width = max(len(one.name) for one in found)
    for one in found:
        print(f'{one.name:{width}}  {" · ".join(part for part in (one.method, one.student, one.data) if part)}')
        if arguments.long:
            for line in (one.purpose, f'teachers: {", ".join(one.teachers)}' if one.teachers else '', one.cost):
                print(f'    {line}' if line else '', end='\n' if line else '')
    print(f'\n{len(found)} configs; mtkd train NAME trains one, mtkd train NAME --smoke tries it without data.')
    return 0


def _has(one: ConfigFacts, words: list[str]) -> bool:
    text = ' '.join((one.name, one.method, one.student, one.data, one.suite, *one.teachers)).lower()
    return all(word.lower() in text for word in words)
