"""The live view of a sweep and its final summary."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .jobs import BLOCKED, DONE, ELSEWHERE, FAILED, RUNNING, WAITING, State
from .points import value_text
from .works import Plan, Work

LOG = 'vis_data/scalars.json'
TAIL = 4096  # number of bytes read from the end of a log
COLOURS = {WAITING: 'dim', ELSEWHERE: 'yellow', RUNNING: 'cyan', DONE: 'green', FAILED: 'bold red', BLOCKED: 'red'}


class Screen:
    """Context manager that shows a live table on a terminal, and otherwise prints a line for each change.

    The last table remains on the terminal after exit.

    Args:
        plan: the plan of the sweep.
        console: the console to print to.
        interval: seconds between two updates of the table.
    """

    def __init__(self, plan: Plan, console: Console, interval: float = 1.0) -> None:
        self.plan = plan
        self.console = console
        self.interval = interval
        self._live = Live(console=console, auto_refresh=False, vertical_overflow='ellipsis') if console.is_terminal else None
        self._said: dict[str, str] = {}
        self._drawn = float('-inf')

    def __enter__(self) -> 'Screen':
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, states: Mapping[str, State]) -> None:
        """Report changes; redraw the table at intervals and at the end."""
        changed = {name: state for name, state in states.items() if self._said.get(name, WAITING) != state.name}
        self._said.update((name, state.name) for name, state in changed.items())
        if self._live is None:
            for name, state in changed.items():
                self.console.print(f'{name}: {self._words(state)}', highlight=False, markup=False, soft_wrap=True)
        elif changed or time.monotonic() - self._drawn >= self.interval:
            self._drawn = time.monotonic()
            self._live.update(overview(self.plan, states), refresh=True)

    @staticmethod
    def _words(state: State) -> str:
        if state.before:
            return 'already done'
        if state.name == DONE:
            return f'done in {clock(state.ended - state.begun)}'
        return f'{state.name}{": " + state.why if state.why else ""}'


def overview(plan: Plan, states: Mapping[str, State]) -> Table:
    """Table of the missing teachers, followed by one line per point with one column per seed."""
    seeds = list(dict.fromkeys(work.seed for work in plan.runs))
    names = list(dict.fromkeys(name for work in plan.runs for name in (work.point.values if work.point else {})))
    title = f'{plan.root.name}: {_counts(states)}'
    table = Table(title=title, min_width=len(title), pad_edge=False)
    for name in names:
        table.add_column(name, overflow='fold')
    for seed in seeds:
        table.add_column(f'seed {seed}')
    for work in plan.works:
        if work.point is None:
            table.add_row(work.name, *[''] * (len(names) - 1), cell(work, states[work.name]))
    lines: dict[str, dict[int, Work]] = {}
    for work in plan.runs:
        assert work.point is not None
        lines.setdefault(work.point.slug, {})[work.seed] = work
    for line in lines.values():
        values = next(iter(line.values())).point.values  # type: ignore[union-attr]
        table.add_row(*[value_text(values[name]) if name in values else '' for name in names],
                      *[cell(line[seed], states[line[seed].name]) for seed in seeds])
    return table


def cell(work: Work, state: State) -> str:
    """The state of a work item in a few characters, with rich markup."""
    text = state.name
    if state.name == RUNNING:
        text = f'{progress(work)} {clock(time.monotonic() - state.begun)}'
    elif state.name == DONE:
        text = 'done' if state.before else f'done {clock(state.ended - state.begun)}'
    return f'[{COLOURS[state.name]}]{text}[/]'


def progress(work: Work) -> str:
    """Progress of a running work item: '42 %' of its training, 'step 42' if its length is unknown, or 'test'."""
    if len(work.steps) > 1 and work.steps[0].done:
        return 'test'
    step = last_step(work.folder)
    return f'{100 * step // work.iterations} %' if work.iterations and step <= work.iterations else f'step {step}'


def last_step(folder: Path) -> int:
    """The last logged iteration of a training; 0 before the first."""
    logs = [path for path in (*folder.glob(f'*/{LOG}'), folder / LOG) if path.is_file()]
    if not logs:
        return 0
    newest = max(logs, key=lambda path: path.stat().st_mtime)
    with newest.open('rb') as file:
        file.seek(max(0, newest.stat().st_size - TAIL))
        lines = file.read().decode(errors='replace').splitlines()
    for line in reversed(lines):
        try:
            entry = json.loads(line)
        except ValueError:  # truncated at the start, or still being written
            continue
        if 'loss' in entry:
            return int(entry.get('step', 0))
    return 0


def closing(plan: Plan, states: Mapping[str, State]) -> list[str]:
    """The number of runs in each state, and each failure with its reason and log."""
    lines = [_counts({work.name: states[work.name] for work in plan.runs})]
    for work in plan.works:
        state = states[work.name]
        if state.name == FAILED:
            lines.append(f'failed: {work.name} ({state.why}); log: {work.log}')
        elif state.name == BLOCKED:
            lines.append(f'not run: {work.name} ({state.why})')
    return lines


def _counts(states: Mapping[str, State]) -> str:
    found = [state.name for state in states.values()]
    return ', '.join(f'{found.count(name)} {name}' for name in COLOURS if name in found)


def clock(seconds: float) -> str:
    """A duration in seconds as '1:02:03' or '2:03'."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02d}:{rest:02d}' if hours else f'{minutes}:{rest:02d}'


def listed(plan: Plan) -> list[str]:
    """The output of ``--dry-run``: each work item and its remaining commands."""
    lines = []
    for work in plan.works:
        after = f', after {", ".join(work.needs)}' if work.needs and not work.done else ''
        lines.append(f'{work.name}: {"done" if work.done else "to run"}{after}')
        lines += ['  ' + ' '.join(step.command) for step in work.steps if not work.done and not step.done]
    return lines
