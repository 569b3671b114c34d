"""Write the caches of teachers' features that a config's training reads (teacher_cache of the config)."""

import argparse

from .options import job_arguments, job_settings

EXAMPLE = """\
examples:
  mtkd cache configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py --data-root data
  mtkd cache configs/kdam/swinT_from_swinL_nyud.py --cfg-options teacher_cache.views=2
Complete caches that fit the config are kept, interrupted ones are finished, and stale ones are rewritten.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file of the training that will read the caches')
    job_arguments(parser)
    parser.add_argument('--workers', type=int, metavar='N', help="loader workers (default: the config's)")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.engine.run import Job
    from mtkd.prerequisites.teacher_cache import CachePlan, write_all
    job = Job(**job_settings(arguments))
    cfg = job.prepared()
    plan = CachePlan.of(cfg)
    if plan is None:
        raise ValueError(f"{arguments.config} has no teacher_cache: write teacher_cache=dict(mode='views', views=2) into "
                         f'it, or add --cfg-options teacher_cache.views=2.')
    write_all(cfg, plan, lambda line: print(line, flush=True), arguments.workers)
    return 0
