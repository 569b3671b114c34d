"""Runs the jobs of a sweep, locally or through submitit, and stops them so that they can be resumed."""

import fcntl
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ...forked import ForkedCommand, arguments_of, can_be_forked
from .works import Plan, Work, note_begun

BUSY = 75  # EX_TEMPFAIL: another process uses the folder
PATIENCE_S = 10.0  # grace period after SIGINT, and again after SIGTERM
LOOK_EVERY_S = 0.3
TRY_BUSY_AGAIN_S = 5.0

WAITING, ELSEWHERE, RUNNING, DONE, FAILED, BLOCKED = 'waiting', 'elsewhere', 'running', 'done', 'failed', 'blocked'
Running = subprocess.Popen | ForkedCommand
Watch = Callable[[Running], None]


class Stopped(KeyboardInterrupt):
    """The sweep was interrupted; its processes have ended."""


@dataclass
class State:
    """State of a work item.

    Attributes:
        name: 'waiting', 'elsewhere' (another process works on it), 'running', 'done', 'failed' or 'blocked' (one of its
            dependencies has failed).
        begun, ended: times of ``time.monotonic`` in seconds.
        why: reason of a failure.
        before: whether it was already done before this sweep.
        not_before: time of ``time.monotonic`` before which it is not started again.
    """

    name: str = WAITING
    begun: float = 0.0
    ended: float = 0.0
    why: str = ''
    before: bool = False
    not_before: float = 0.0

    @property
    def over(self) -> bool:
        """Whether the state is final."""
        return self.name in (DONE, FAILED, BLOCKED)


class Job(Protocol):
    """A started work item."""

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""

    def interrupt(self) -> None:
        """Ask it to stop."""

    def wait(self) -> None:
        """Wait until it has stopped; kill it after a time-out."""


class Launcher(Protocol):
    """Starts work items, at most ``limit`` at a time."""

    limit: int

    def start(self, work: Work) -> Job:
        """Start a work item."""


def perform(work: Work, environment: Mapping[str, str], watch: Watch = lambda process: None, forked: bool = False) -> int:
    """Run the unfinished steps of a work item; their output goes to its log.

    The folder is locked while this process or one of the commands is running, so that two sweeps (or a killed one and its
    successor) never train in the same folder.

    Args:
        work: the work item.
        environment: additional environment variables.
        watch: callback for each started process.
        forked: fork mtkd's commands from a process that has imported torch (see :mod:`mtkd.forked`).

    Returns:
        The exit code of the first step that failed (128 + n for signal n), 1 if a step has no outcome, ``BUSY`` if another
        process uses the folder, otherwise 0.
    """
    work.folder.mkdir(parents=True, exist_ok=True)
    with (work.folder / 'sweep.lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return BUSY
        note_begun(work)
        for step in work.steps:
            if step.done:
                continue
            with work.log.open('ab') as log:
                log.write(f'$ {" ".join(step.command)}\n'.encode())
                log.flush()
                process: Running
                if forked and can_be_forked(step.command):
                    process = ForkedCommand(arguments_of(step.command), work.log, environment, lock.fileno())
                else:
                    process = subprocess.Popen(step.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                               env={**os.environ, **environment}, start_new_session=True,
                                               pass_fds=(lock.fileno(),))
                watch(process)
                try:
                    code = process.wait()
                except BaseException:  # a cluster may revoke the machine: no process must keep running
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGTERM)
                    process.wait()
                    raise
                if code == 0 and not step.done:
                    log.write(f'error: the command ended without writing {step.outcome}\n'.encode())
                    code = 1
            if code:
                return code if code > 0 else 128 - code
    return 0


class LocalJob:
    """A work item in a thread of this process, with commands in separate processes."""

    def __init__(self, work: Work, environment: Mapping[str, str], ended: Callable[[], None], forked: bool = False) -> None:
        self._process: Running | None = None
        self._stopping = False
        self._code: int | None = None
        self._thread = threading.Thread(target=self._run, args=(work, environment, ended, forked), daemon=True)
        self._thread.start()

    def _run(self, work: Work, environment: Mapping[str, str], ended: Callable[[], None], forked: bool) -> None:
        code = 1
        try:
            code = perform(work, environment, self._watch, forked)
        except OSError as error:
            with suppress(OSError):
                work.log.open('a').write(f'error: {error}\n')
        finally:
            ended()
            self._code = code

    def _watch(self, process: Running) -> None:
        self._process = process
        if self._stopping:
            self.interrupt()

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._code

    def interrupt(self) -> None:
        """Interrupt it, like Ctrl-C in its terminal."""
        self._stopping = True
        self._signal(signal.SIGINT)

    def wait(self) -> None:
        """Wait until it has stopped; a process that ignores SIGINT is terminated, then killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._thread.join(PATIENCE_S)
            if not self._thread.is_alive():
                return
            self._signal(number)
        self._thread.join()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)  # it is a session leader: loader workers also receive the signal


class LocalJobs:
    """Runs on this machine, one item per slot; slot i uses only GPU i (modulo the number of GPUs).

    Args:
        limit: maximum number of concurrent items.
        gpus: as in CUDA_VISIBLE_DEVICES; none: on the CPU, with cores divided evenly unless OMP_NUM_THREADS is set. On the
            CPU, the runs are forked from one process to share its imports; with GPUs, each run is started separately,
            because a process that has initialised CUDA cannot be forked.
    """

    def __init__(self, limit: int, gpus: Sequence[str] = ()) -> None:
        self.limit = limit
        self.gpus = list(gpus)
        self._taken: set[int] = set()

    def start(self, work: Work) -> Job:
        """Start an item in the lowest free slot."""
        slot = next(i for i in range(self.limit) if i not in self._taken)
        self._taken.add(slot)
        return LocalJob(work, self.environment(slot), lambda: self._taken.discard(slot), forked=not self.gpus)

    def environment(self, slot: int) -> dict[str, str]:
        """Additional environment variables of a process in a slot."""
        given = {'CUDA_VISIBLE_DEVICES': self.gpus[slot % len(self.gpus)]} if self.gpus else {}
        if 'OMP_NUM_THREADS' not in os.environ and self.limit > 1:
            given['OMP_NUM_THREADS'] = str(max(1, len(os.sched_getaffinity(0)) // self.limit))
        return given


def gpus_here(count: int) -> list[str]:
    """The names of the GPUs that this process may use: those of CUDA_VISIBLE_DEVICES, otherwise 0 to ``count`` - 1."""
    named = [name.strip() for name in os.environ.get('CUDA_VISIBLE_DEVICES', '').split(',') if name.strip()]
    return named[:count] or [str(number) for number in range(count)]


class Requeued:
    """:func:`perform` for submitit: requeued and resumed after preemption or a time-out.

    Training saves checkpoints regularly, so that nothing else is needed: the next attempt resumes from the newest one.
    """

    def __call__(self, work: Work, environment: Mapping[str, str]) -> int:
        return perform(work, environment)

    def checkpoint(self, work: Work, environment: Mapping[str, str]) -> Any:
        """The submission with which submitit continues this job; called by submitit."""
        from submitit.helpers import DelayedSubmission
        return DelayedSubmission(self, work, environment)


class SubmititJob:
    """A work item submitted to a cluster by submitit."""

    def __init__(self, job: Any, work: Work) -> None:
        self._job, self._work = job, work

    def poll(self) -> int | None:
        """The exit code, or None while it waits or runs; 1 if the cluster ended it."""
        if not self._job.done():
            return None
        try:
            return int(self._job.result())
        except Exception as error:  # submitit wraps remote exceptions
            last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            with self._work.log.open('a', encoding='utf-8') as log:
                log.write(f'error: job {self._job.job_id} ended without a result: {last}\n')
            return 1

    def interrupt(self) -> None:
        """Remove it from the queue, or cancel it."""
        self._job.cancel(check=False)

    def wait(self) -> None:
        """Nothing to do: the cluster ends it."""


class SubmititJobs:
    """Runs through submitit: Slurm, or its local replacements.

    Args:
        limit: maximum number of queued items.
        cluster: 'slurm', 'local' (processes here) or 'debug' (one after another, in this process).
        options: options of submitit's executor, such as ``timeout_min=600``, ``slurm_partition='gpu'`` and
            ``slurm_max_num_timeout=3`` (how often a timed-out job is requeued).
        folder: folder for the files of submitit.

    Raises:
        RuntimeError: submitit is not installed, or there is no Slurm.
        ValueError: an unknown option of submitit.
    """

    def __init__(self, limit: int, cluster: str, options: Mapping[str, Any], folder: Path) -> None:
        try:
            import submitit
        except ImportError:
            raise RuntimeError('--cluster needs submitit, which is not installed: pip install submitit, or leave out '
                               '--cluster to run here.') from None
        self.limit = limit
        folder.mkdir(parents=True, exist_ok=True)
        try:
            of_queue = {key: value for key, value in options.items() if key == 'slurm_max_num_timeout'}
            self._executor = submitit.AutoExecutor(folder=folder, cluster=cluster, **of_queue)
            self._executor.update_parameters(**{'timeout_min': 24 * 60, 'name': 'mtkd',
                                                **{key: value for key, value in options.items() if key not in of_queue}})
        except (NameError, TypeError, ValueError) as error:
            raise ValueError(f'--cluster-options: {error}') from None
        except RuntimeError as error:
            raise RuntimeError(f'--cluster {cluster}: {error}') from None

    def start(self, work: Work) -> Job:
        """Submit a work item."""
        work.folder.mkdir(parents=True, exist_ok=True)
        return SubmititJob(self._executor.submit(Requeued(), work, {}), work)


def finish(works: Sequence[Work], launcher: Launcher, show: Callable[[Mapping[str, State]], None]) -> dict[str, State]:
    """Run all unfinished work items; a failure stops only its dependents.

    Args:
        works: the work items, each after its dependencies.
        launcher: where to run them.
        show: called repeatedly with the states.

    Returns:
        The final state of each work item, by name.

    Raises:
        Stopped: on KeyboardInterrupt, after all running items have been stopped.
    """
    states = {work.name: State(DONE, before=True) if work.done else State() for work in works}
    jobs: dict[str, Job] = {}
    by_name = {work.name: work for work in works}
    try:
        while not all(state.over for state in states.values()):
            for name, job in list(jobs.items()):
                code = job.poll()
                if code is not None:
                    del jobs[name]
                    _end(states[name], by_name[name], code)
            for work in works:
                if states[work.name].name in (WAITING, ELSEWHERE):
                    _consider(work, states, jobs, by_name, launcher)
            show(states)
            time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        for job in jobs.values():
            job.interrupt()
        for job in jobs.values():
            job.wait()
        raise Stopped from None
    show(states)
    return states


def _consider(work: Work, states: Mapping[str, State], jobs: dict[str, Job], by_name: Mapping[str, Work],
              launcher: Launcher) -> None:
    """Start a waiting item if nothing blocks it; mark it as blocked if a dependency has failed."""
    state = states[work.name]
    failed = [name for name in work.needs if states[name].name in (FAILED, BLOCKED)]
    if failed:
        state.name, state.why = BLOCKED, f'it depends on {failed[0]}, which failed'
        return
    ready = all(states[name].name == DONE for name in work.needs)
    crowded = len(jobs) >= launcher.limit or (work.alone and any(by_name[name].alone for name in jobs))
    if ready and not crowded and time.monotonic() >= state.not_before and not (state.name == ELSEWHERE and _taken(work)):
        state.name, state.begun = RUNNING, time.monotonic()
        jobs[work.name] = launcher.start(work)


def _taken(work: Work) -> bool:
    """Whether a process holds the lock of a folder."""
    with (work.folder / 'sweep.lock').open('a') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _end(state: State, work: Work, code: int) -> None:
    state.ended = time.monotonic()
    if code == BUSY:  # another process trains there: its result is checked later
        state.name, state.not_before = ELSEWHERE, state.ended + TRY_BUSY_AGAIN_S
    elif code == 0:
        state.name = DONE
    else:
        state.name, state.why = FAILED, f'exit code {code}: {last_error(work.log)}'


def last_error(log: Path) -> str:
    """The error of the last command in a log: the message of the tool, otherwise the last line."""
    try:
        lines = [line.strip() for line in log.read_text(encoding='utf-8', errors='replace').splitlines() if line.strip()]
    except OSError:
        lines = []
    begun = max((number for number, line in enumerate(lines, 1) if line.startswith('$ ')), default=0)
    said = [line for line in lines[begun:] if re.match(r'(\w+\.py: )?error: ', line)] or lines[begun:]
    return said[-1].partition('error: ')[2] or said[-1] if said else 'no output'


def choose_jobs(plan: Plan, jobs: int | None, cluster: str | None, cluster_options: Mapping[str, Any],
                gpus: int) -> 'LocalJobs | SubmititJobs':
    """Choose where to run a plan.

    Args:
        plan: the plan to run.
        jobs: number of runs at a time; None: one per GPU, one without GPUs, or all of them on a cluster.
        cluster: submitit's executor; None: this machine.
        cluster_options: options of that executor.
        gpus: number of GPUs on this machine.
    """
    if cluster:
        return SubmititJobs(jobs or len(plan.runs), cluster, cluster_options, plan.root / 'submitit')
    here = gpus_here(gpus)
    return LocalJobs(jobs or max(1, len(here)), here)
