"""Write a trained student alone to a file that runs without mtkd, check it, and put a model card beside it."""

import argparse
from pathlib import Path

from .options import cfg_options

FORMATS = {'onnx': '.onnx', 'torch_export': '.pt2', 'state_dict': '.pth'}

EXAMPLE = """\
examples:
  mtkd export configs/quickstart/student.py work_dirs/student/seed0/final.pth --format onnx
  mtkd export CONFIG CHECKPOINT --format torch_export --size 480 640 --out deployed/student.pt2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file the checkpoint was trained with')
    parser.add_argument('checkpoint', type=Path, help='final.pth or iter_N.pth')
    parser.add_argument('--format', choices=tuple(FORMATS), default='onnx', help='what to write (default: onnx)')
    parser.add_argument('--out', type=Path, metavar='FILE',
                        help='where to write (default: student with the ending of the format, beside the checkpoint)')
    parser.add_argument('--size', type=int, nargs=2, metavar=('H', 'W'),
                        help="height and width in pixels (default: of the config's test or training pictures)")
    parser.add_argument('--fixed-size', action='store_true',
                        help='write it for this size alone: for networks that take long to trace with the size left open '
                             '(always so where attention has windows, as in Swin)')
    parser.add_argument('--results', type=Path, metavar='FILE',
                        help='results.json for the card (default: the one beside the checkpoint, if any)')
    parser.add_argument('--data-licence', metavar='TEXT', help='terms of the training data, for the card')
    cfg_options(parser, 'change config values')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd import atomic
    from mtkd.deploy.export import export
    from mtkd.deploy.model_card import model_card
    from mtkd.deploy.student import load_student
    from mtkd.leaderboard import Result
    if arguments.size and min(arguments.size) < 1:
        raise ValueError(f'--size {arguments.size[0]} {arguments.size[1]}: give a height and a width in pixels.')
    out = arguments.out or arguments.checkpoint.parent / f'student{FORMATS[arguments.format]}'
    if out.is_dir() or out.resolve() == arguments.checkpoint.resolve():
        raise ValueError(f'{out} is {"a folder" if out.is_dir() else "the checkpoint itself"}: name a file with --out.')
    beside = arguments.checkpoint.parent / 'results.json'
    results = arguments.results or (beside if beside.is_file() else None)
    result = Result.read(results) if results else None
    student = load_student(arguments.config, arguments.checkpoint, arguments.cfg_options)
    made = export(student, out, arguments.format, tuple(arguments.size) if arguments.size else None,
                  arguments.fixed_size)
    metrics = {task: {name: (m.value, m.unit) for name, m in numbers.items()}
               for task, numbers in result.metrics.items()} if result else None
    card = out.with_suffix('.md')
    atomic.write_text(card, model_card(student, made, metrics=metrics, config=arguments.config,
                                       licence=arguments.data_licence, test_set=result.test_set if result else None))
    print(f'{made.format} at {made.input_size[0]}x{made.input_size[1]}, may differ: {", ".join(made.dynamic) or "nothing"}')
    for task, value in made.difference.items():
        what = 'share of pixels' if student.tasks[task].kind.name == 'class_map' else 'largest difference'
        print(f'  {task:12s} {what} {value:.3g} ({made.checked_with} against eager)')
    print(f'written: {out} ({out.stat().st_size / 2**20:.1f} MiB), {card}')
    return 0
