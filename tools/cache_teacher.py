"""Write the caches of teachers' features that a config's training reads (teacher_cache of the config)."""

import argparse
import sys

from mtkd.engine import cli
from mtkd.engine.cache import CachePlan, write_all

EXAMPLE = """\
examples:
  python tools/cache_teacher.py configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py --data-root data
  python tools/cache_teacher.py configs/kdam/swinT_from_swinL_nyud.py --cfg-options teacher_cache.views=2
What is there and fits is kept; what was begun and stopped is finished; what is stale is written anew.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file of the training that will read the caches')
    cli.job_arguments(parser)
    parser.add_argument('--workers', type=int, metavar='N', help="loader workers (default: the config's)")
    arguments = parser.parse_args()
    job = cli.job_from(arguments)
    cfg = job.prepared()
    plan = CachePlan.of(cfg)
    if plan is None:
        raise ValueError(f"{arguments.config} has no teacher_cache: write teacher_cache=dict(mode='views', views=2) into "
                         f'it, or add --cfg-options teacher_cache.views=2.')
    write_all(cfg, plan, lambda line: print(line, flush=True), arguments.workers)
    return 0


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
