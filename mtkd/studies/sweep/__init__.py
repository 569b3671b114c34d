"""Sweeps: one config with many options and seeds, run N at a time, gone on with after a stop."""

from .jobs import DONE, LocalJobs, Stopped, SubmititJobs, finish, gpus_here
from .points import Point, Sweep, read_sweep
from .view import Screen, closing
from .works import Plan, Settings, Step, Work, complete, make_plan

__all__ = ['DONE', 'LocalJobs', 'Plan', 'Point', 'Screen', 'Settings', 'Step', 'Stopped', 'SubmititJobs', 'Sweep', 'Work',
           'closing', 'complete', 'finish', 'gpus_here', 'make_plan', 'read_sweep']
