"""Export a trained student to a file or to a folder for a model hub, check it, and write a model card."""

import argparse
from pathlib import Path
from typing import Any

from .options import cfg_options

FORMATS = {'onnx': '.onnx', 'torch_export': '.pt2', 'state_dict': '.pth'}
HUB = 'hub'  # a folder

EXAMPLE = """\
examples:
  mtkd export configs/quickstart/student.py work_dirs/student/seed0/final.pth --format onnx
  mtkd export CONFIG CHECKPOINT --format torch_export --size 480 640 --out deployed/student.pt2
  mtkd export CONFIG CHECKPOINT --format hub --licence apache-2.0 --out deployed/student
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file the checkpoint was trained with')
    parser.add_argument('checkpoint', type=Path, help='final.pth or iter_N.pth')
    parser.add_argument('--format', choices=(*FORMATS, HUB), default='onnx',
                        help='what to write; hub: a folder of model.safetensors, config.json and README.md (default: '
                             'onnx)')
    parser.add_argument('--out', type=Path, metavar='PATH',
                        help='file to write, or folder for hub (default: student with the extension of the format, '
                             'beside the checkpoint)')
    parser.add_argument('--size', type=int, nargs=2, metavar=('H', 'W'),
                        help="height and width in pixels (default: those of the config's test or training images)")
    parser.add_argument('--fixed-size', action='store_true',
                        help='export for this size only: for networks that take long to trace with a dynamic size '
                             '(always the case with window attention, as in Swin)')
    parser.add_argument('--results', type=Path, metavar='FILE',
                        help='results.json for the card (default: the one beside the checkpoint, if any)')
    parser.add_argument('--data-licence', metavar='TEXT', help='terms of the training data, for the card')
    parser.add_argument('--licence', metavar='ID', help="with --format hub: the hub's identifier of the weights' licence, "
                                                        'e.g. apache-2.0 (default: none)')
    cfg_options(parser, 'change config values')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.size and min(arguments.size) < 1:
        raise ValueError(f'--size {arguments.size[0]} {arguments.size[1]}: give a height and a width in pixels.')
    hub = arguments.format == HUB
    out = arguments.out or arguments.checkpoint.parent / ('student' if hub else f'student{FORMATS[arguments.format]}')
    if (out.is_dir() and not hub) or out.resolve() == arguments.checkpoint.resolve():
        raise ValueError(f'{out} is {"a folder" if out.is_dir() else "the checkpoint itself"}: name a file with --out.')
    if hub and out.is_file():
        raise ValueError(f'{out} is a file: name a folder with --out.')
    if hub and arguments.fixed_size:
        raise ValueError('--fixed-size applies to onnx and torch_export only: leave it out with --format hub.')
    if arguments.licence and not hub:
        raise ValueError('--licence applies to --format hub only: leave it out, or use --format hub.')
    from mtkd import atomic
    from mtkd.deploy.export import export
    from mtkd.deploy.hub import CARD, write_folder
    from mtkd.deploy.model_card import model_card, title
    from mtkd.deploy.student import load_student
    from mtkd.leaderboard import Result
    beside = arguments.checkpoint.parent / 'results.json'
    results = arguments.results or (beside if beside.is_file() else None)
    result = Result.read(results) if results else None
    student = load_student(arguments.config, arguments.checkpoint, arguments.cfg_options)
    if result:
        _same_run(result, student.meta, arguments)
    size = tuple(arguments.size) if arguments.size else None
    made = write_folder(student, out, size) if hub else export(student, out, arguments.format, size, arguments.fixed_size)
    metrics = {task: {name: (m.value, m.unit) for name, m in numbers.items()}
               for task, numbers in result.metrics.items()} if result else None
    test_set = result.test_set if result else None
    card = model_card(student, made, metrics=metrics, config=arguments.config, licence=arguments.data_licence,
                      test_set=test_set, protocol=result.protocol if result else None)
    if hub:
        from mtkd.deploy.hub_card import front_matter
        card = front_matter(student, name=title(student, arguments.config), metrics=metrics, test_set=test_set,
                            licence=arguments.licence) + card
    file = out / CARD if hub else out.with_suffix('.md')
    atomic.write_text(file, card)
    print(f'{made.format} at {made.input_size[0]}x{made.input_size[1]}, dynamic: {", ".join(made.dynamic) or "nothing"}')
    for task, value in made.difference.items():
        what = 'share of pixels' if student.tasks[task].kind.name == 'class_map' else 'largest difference'
        print(f'  {task:12s} {what} {value:.3g} ({made.checked_with} against eager)')
    bytes_written = sum(f.stat().st_size for f in out.iterdir() if f.is_file()) if hub else out.stat().st_size
    print(f'written: {out} ({bytes_written / 2**20:.1f} MiB), {file}')
    return 0


def _same_run(result: Any, meta: dict[str, Any], arguments: argparse.Namespace) -> None:
    """Raise if the results are not of the run that wrote the checkpoint."""
    for what, theirs, own in (('config_sha256', result.config_sha256, meta.get('config_sha256')),
                              ('seed', result.seed, meta.get('seed'))):
        if own is not None and theirs != own:
            raise ValueError(f'{arguments.results or arguments.checkpoint.parent / "results.json"} belongs to another run '
                             f'than {arguments.checkpoint} ({what} {str(theirs)[:12]}, not {str(own)[:12]}): rewrite it '
                             f'with mtkd test, or name the right file with --results.')
