"""Sweeps: run a config with many options and seeds, several runs at a time, and resume them after an interruption."""

from .jobs import DONE, LocalJobs, Stopped, SubmititJobs, choose_jobs, finish, gpus_here
from .points import Point, Sweep, read_sweep
from .view import Screen, closing, listed
from .works import Plan, Settings, Step, Work, complete, make_plan

__all__ = ['DONE', 'LocalJobs', 'Plan', 'Point', 'Screen', 'Settings', 'Step', 'Stopped', 'SubmititJobs', 'Sweep', 'Work',
           'choose_jobs', 'closing', 'complete', 'finish', 'gpus_here', 'listed', 'make_plan', 'read_sweep']
