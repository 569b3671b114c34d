"""Write the caches of teacher features for a config with teacher_cache."""

import argparse

from .options import job_arguments, job_settings

EXAMPLE = """\
examples:
  mtkd cache configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py --data-root data
  mtkd cache configs/kdam/swinT_from_swinL_nyud.py --cfg-options teacher_cache.views=2
  torchrun --nproc-per-node 4 -m mtkd cache configs/kdam/swinT_from_swinL_nyud.py --shard auto

Complete caches that match the config are kept, interrupted ones are finished, and outdated ones are rewritten.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file of the training that uses the caches')
    job_arguments(parser)
    parser.add_argument('--workers', type=int, metavar='N', help="number of data loader workers (default: the config's)")
    parser.add_argument('--shard', metavar='I/N',
                        help='write only part I of N (from 0 to N - 1), while other processes write the other parts; auto: '
                             'use the rank under torchrun, srun or mpirun, or the task of a Slurm job array (default: write '
                             'everything)')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.engine.run import Job
    from mtkd.prerequisites.cache_shards import ShardOf
    from mtkd.prerequisites.teacher_cache import CachePlan, write_all
    shard = ShardOf.parse(arguments.shard)
    job = Job(**job_settings(arguments))
    cfg = job.prepared()
    plan = CachePlan.of(cfg)
    if plan is None:
        raise ValueError(f"{arguments.config} has no teacher_cache: write teacher_cache=dict(mode='views', views=2) into "
                         f'it, or add --cfg-options teacher_cache.views=2.')
    write_all(cfg, plan, lambda line: print(line, flush=True), arguments.workers, shard)
    return 0
