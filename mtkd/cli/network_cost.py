"""Measure the cost of a training step of each network relative to the shared encoder (time, MACs, memory); write records."""

import argparse
import sys
from pathlib import Path

from .options import positive

CLOCKS = ('cpu', 'wall')

EXAMPLE = """\
examples:
  mtkd network-cost                                     the default networks, on the CPU
  mtkd network-cost --only atrc_mobilenetv3_nyud114 --steps 25
  mtkd network-cost --device cuda --clock wall --batch 8 --out results/network_cost_cuda.jsonl
  mtkd leaderboard results/network_cost.jsonl --costs --out docs/results/network_cost.md

The last command writes the page.

exit code: 0 success; 1 a network could not be measured (the others are recorded)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('configs', nargs='*', metavar='CONFIG',
                        help='configs, or patterns of them (default: the multi-task networks at 114x154)')
    parser.add_argument('--baseline', metavar='CONFIG',
                        help='config to compare them with (default: mt_mobilenetv3_nyud114, the shared encoder)')
    parser.add_argument('--only', nargs='+', default=[], metavar='NAME',
                        help='measure only these: file names of configs without .py, or methods')
    parser.add_argument('--missing', action='store_true',
                        help='skip networks that already have a record in --out with these settings')
    parser.add_argument('--size', type=positive, nargs=2, default=(114, 154), metavar=('H', 'W'),
                        help='size of the scenes (default: 114 154)')
    parser.add_argument('--batch', type=positive, default=4, metavar='N', help='scenes per step (default: 4)')
    parser.add_argument('--steps', type=positive, default=11, metavar='N', help='timed steps of each network (default: 11)')
    parser.add_argument('--threads', type=positive, default=1, metavar='N', help='threads of torch (default: 1)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu', help='device to measure on (default: cpu)')
    parser.add_argument('--clock', choices=CLOCKS, default='cpu',
                        help='processor time or wall clock (default: cpu, for machines that run other processes)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='seed of weights and scenes (default: 0)')
    parser.add_argument('--seconds', type=float, default=1800.0, metavar='S',
                        help='time limit of each measurement of a network, in seconds (default: 1800)')
    parser.add_argument('--out', type=Path, default=Path('results/network_cost.jsonl'), metavar='FILE',
                        help='file for the records, one per line (default: %(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.out.suffix != '.jsonl':
        raise ValueError(f'--out {arguments.out}: the file of cost records must end in .jsonl.')
    if arguments.device == 'cuda' and arguments.clock == 'cpu':
        raise ValueError('--device cuda needs --clock wall: the processor only launches the CUDA kernels.')
    from mtkd.studies.networks.named import BASELINE, COMPARED, check_named
    check_named([arguments.baseline or BASELINE], [])
    check_named(arguments.configs or COMPARED, arguments.only)
    from mtkd.leaderboard import record_cost
    from mtkd.studies.networks.comparators import choose_comparators, find_comparators
    from mtkd.studies.networks.cost_record import device_name, is_measured, measure
    from mtkd.studies.networks.training_cost import Setting
    setting = Setting((arguments.size[0], arguments.size[1]), arguments.batch, arguments.device, arguments.threads,
                      arguments.clock, arguments.steps, arguments.seed)
    baseline, = find_comparators([arguments.baseline or BASELINE])
    device = device_name(setting.device)
    failed = 0
    for network in choose_comparators(find_comparators(arguments.configs or COMPARED), arguments.only):
        if arguments.missing and is_measured(arguments.out, network, setting, device):
            continue
        try:
            made = measure(network, baseline, setting, device, arguments.seconds)
        except (RuntimeError, TimeoutError) as error:
            failed += 1
            print(f'{network.name}: not measured: {error}', file=sys.stderr)
            continue
        record_cost(arguments.out, made)
        print(f'{network.name:24s} {made.params / 1e6:7.3f} M {made.macs / 1e9:7.3f} G  step {made.step_seconds:.3f} s, '
              f'{made.step_ratio:.2f} of the baseline ({made.ratio_quartiles[0]:.2f}-{made.ratio_quartiles[1]:.2f}); kept '
              f'{made.kept_bytes / 1e6:.1f} MB, peak {made.peak_bytes / 1e6:.1f} MB ({made.peak_of})', flush=True)
    return 1 if failed else 0
