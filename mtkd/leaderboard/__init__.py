"""Results of runs and the leaderboards made of them (F5)."""

from .aggregate import build
from .board import SuiteBoard
from .render import FORMATS, format_of, is_current, render
from .results import SCHEMA_VERSION, Metric, Result

__all__ = ['FORMATS', 'SCHEMA_VERSION', 'Metric', 'Result', 'SuiteBoard', 'build', 'format_of', 'is_current', 'render']
