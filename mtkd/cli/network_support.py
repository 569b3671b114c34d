"""Test networks with torch.compile, mixed precision, data-parallel training, ONNX and torch.export; write a table."""

import argparse
import os
import time
from pathlib import Path

FEATURES = ('compile', 'bf16', 'fp16', 'ddp', 'onnx', 'torch_export')

EXAMPLE = """\
examples:
  mtkd network-support                                   test the default networks, skipping known results
  mtkd network-support --only atrc_mobilenetv3_nyud114 --features onnx torch_export --again
  mtkd network-support my_config.py --records mine.jsonl --out mine.md

Each result is saved at once, so that an interrupted run continues with the rest.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('configs', nargs='*', metavar='CONFIG',
                        help='configs, or patterns of them (default: the multi-task networks at 114x154)')
    parser.add_argument('--only', nargs='+', default=[], metavar='NAME',
                        help='test only these: file names of configs without .py, or methods')
    parser.add_argument('--features', nargs='+', choices=FEATURES, default=FEATURES, metavar='F',
                        help=f'test only these features (default: {" ".join(FEATURES)})')
    parser.add_argument('--again', action='store_true', help='also repeat tests that have a result')
    parser.add_argument('--size', type=int, nargs=2, default=(96, 128), metavar=('H', 'W'),
                        help='size of the scenes (default: 96 128)')
    parser.add_argument('--backend', default='inductor', help='backend of torch.compile (default: inductor)')
    parser.add_argument('--seconds', type=float, default=900.0, metavar='S',
                        help='time limit of one test in seconds (default: 900)')
    parser.add_argument('--records', type=Path, default=Path('results/network_support.jsonl'), metavar='FILE',
                        help='file for the results (default: %(default)s)')
    parser.add_argument('--out', type=Path, default=Path('docs/mechanisms/network_support.md'), metavar='FILE',
                        help='page to write (default: %(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if min(arguments.size) < 1:
        raise ValueError(f'--size {arguments.size[0]} {arguments.size[1]}: give a height and a width in pixels.')
    from mtkd.studies.networks.named import COMPARED, check_named
    check_named(arguments.configs or COMPARED, arguments.only)
    import torch

    from mtkd.studies.networks.comparators import choose_comparators, find_comparators
    from mtkd.studies.networks.support import UNTRIED, Trial, try_feature
    from mtkd.studies.networks.support_page import Cell, append_cell, is_known, read_cells, write_page
    os.environ.setdefault('TORCHINDUCTOR_COMPILE_THREADS', '1')
    torch.set_num_threads(1)
    trial = Trial((arguments.size[0], arguments.size[1]), backend=arguments.backend, seconds=arguments.seconds)
    networks = find_comparators(arguments.configs or COMPARED)
    known = read_cells(arguments.records)
    for network in choose_comparators(networks, arguments.only):
        for feature in arguments.features:
            if is_known(known, network, feature, trial) and not arguments.again:
                continue
            start = time.perf_counter()
            cell = Cell.of(network, feature, try_feature(feature, network, trial), trial, time.perf_counter() - start)
            before = known.get((network.sha256, feature))
            if cell.state != UNTRIED or before is None or before.finding != cell.finding:
                append_cell(arguments.records, cell)
            write_page(arguments.out, networks, arguments.records)
            said = ', '.join(text for text in (cell.state, cell.short, cell.reason) if text)
            print(f'{network.name:24s} {feature:13s} {said} ({cell.seconds:.0f} s)', flush=True)
    write_page(arguments.out, networks, arguments.records)
    print(f'written: {arguments.out}')
    return 0
