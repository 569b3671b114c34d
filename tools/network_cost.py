"""Measure what a training step of each network costs beside the shared encoder's: time, work, memory; write records."""

import argparse
import datetime
import sys
from pathlib import Path

import torch

from mtkd.engine import cli
from mtkd.engine.record import code_version, versions
from mtkd.leaderboard import NetworkCost
from mtkd.studies.networks.comparators import BASELINE, COMPARED, Comparator, choose_comparators, find_comparators
from mtkd.studies.networks.isolated import isolated
from mtkd.studies.networks.training_cost import CLOCKS, Setting, step_times, weigh

EXAMPLE = """\
examples:
  python tools/network_cost.py                                     all networks of the small pair, on the CPU
  python tools/network_cost.py --only atrc_mobilenetv3_nyud114 --steps 25
  python tools/network_cost.py --device cuda --clock wall --batch 8 --out docs/results/records/network_cost/cuda
  python tools/leaderboard.py docs/results/records/network_cost --costs --out docs/results/network_cost.md

The page is made by the last of these. Exit code: 1 if a network could not be measured; the others have their records.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='*', default=COMPARED, metavar='CONFIG',
                        help='configs, or patterns of them (default: the networks of the small pair)')
    parser.add_argument('--baseline', default=BASELINE, metavar='CONFIG',
                        help='what they stand beside (default: %(default)s)')
    parser.add_argument('--only', nargs='+', default=[], metavar='NAME',
                        help="measure these alone: configs' stems, or methods")
    parser.add_argument('--missing', action='store_true', help='leave networks out that have a record in --out')
    parser.add_argument('--size', type=int, nargs=2, default=(114, 154), metavar=('H', 'W'),
                        help='size of the scenes (default: 114 154)')
    parser.add_argument('--batch', type=int, default=4, metavar='N', help='scenes a step (default: 4)')
    parser.add_argument('--steps', type=int, default=11, metavar='N', help='timed steps of each (default: 11)')
    parser.add_argument('--threads', type=int, default=1, metavar='N', help='of torch (default: 1)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu', help='default: cpu')
    parser.add_argument('--clock', choices=tuple(CLOCKS), default='cpu',
                        help='processor time or wall clock (default: cpu, for machines that are not quiet)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='of weights and scenes (default: 0)')
    parser.add_argument('--seconds', type=float, default=1800.0, metavar='S',
                        help='at most for each measurement of a network (default: 1800)')
    parser.add_argument('--out', type=Path, default=Path('docs/results/records/network_cost'), metavar='DIR',
                        help='folder of the records (default: %(default)s)')
    arguments = parser.parse_args()
    setting = Setting((arguments.size[0], arguments.size[1]), arguments.batch, arguments.device, arguments.threads,
                      arguments.clock, arguments.steps, arguments.seed)
    baseline, = find_comparators([arguments.baseline])
    device = isolated(_name_of, setting.device, seconds=120)
    failed = 0
    for network in choose_comparators(find_comparators(arguments.configs), arguments.only):
        out = arguments.out / f'{network.stem}.json'
        if arguments.missing and out.is_file() and NetworkCost.read(out).config_sha256 == network.sha256:
            continue
        try:
            made = measure(network, baseline, setting, device, arguments.seconds)
        except (RuntimeError, TimeoutError) as error:
            failed += 1
            print(f'{network.name}: not measured: {error}', file=sys.stderr)
            continue
        made.write(out)
        print(f'{network.name:24s} {made.params / 1e6:7.3f} M {made.macs / 1e9:7.3f} G  step {made.step_seconds:.3f} s, '
              f'{made.step_ratio:.2f} of the baseline ({made.ratio_quartiles[0]:.2f}-{made.ratio_quartiles[1]:.2f}); kept '
              f'{made.kept_bytes / 1e6:.1f} MB, peak {made.peak_bytes / 1e6:.1f} MB ({made.peak_of})', flush=True)
    return 1 if failed else 0


def measure(network: Comparator, baseline: Comparator, setting: Setting, device: str, seconds: float) -> NetworkCost:
    """The record of one network."""
    weight = weigh(network, setting, seconds)
    times = step_times(network, baseline, setting, seconds)
    return NetworkCost(
        network=network.name, backbone=network.backbone, config=network.config, config_sha256=network.sha256,
        baseline=baseline.name, baseline_config=baseline.config, params=weight.params, macs=weight.macs,
        input_size=setting.size, batch_size=setting.batch_size, step_seconds=times.seconds, baseline_seconds=times.baseline,
        step_ratio=times.ratio, ratio_quartiles=times.spread, steps=setting.steps, clock=setting.clock,
        kept_bytes=weight.kept, peak_bytes=weight.peak, peak_of=weight.peak_of, device=device, threads=setting.threads,
        seed=setting.seed, versions=versions(), code_version=code_version(),
        time=datetime.datetime.now().astimezone().isoformat(timespec='seconds'), command=' '.join(['python', *sys.argv]))


def _name_of(device: str) -> str:
    """Asked for in a process of its own: a process that has touched CUDA cannot be forked any more."""
    return torch.cuda.get_device_name() if device == 'cuda' else 'CPU'


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
