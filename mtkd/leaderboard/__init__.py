"""F5: results of runs, and leaderboards."""

from .aggregate import build
from .board import SuiteBoard
from .cost_page import render_costs
from .cross_domain import cross_domain, render_cross
from .network_cost import NetworkCost, read_costs, record_cost
from .records import record
from .render import FORMATS, format_of, render, why_stale
from .results import SCHEMA_VERSION, Metric, Result

__all__ = ['FORMATS', 'SCHEMA_VERSION', 'Metric', 'NetworkCost', 'Result', 'SuiteBoard', 'build', 'cross_domain',
           'format_of', 'read_costs', 'record', 'record_cost', 'render', 'render_costs', 'render_cross', 'why_stale']
