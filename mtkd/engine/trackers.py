"""Experiment trackers by name: ``--log tensorboard,wandb,mlflow``; a resumed run continues the run of its tracker.

MMEngine (0.10.7) has a backend for each tracker. Three of them are extended here, because those of MMEngine log to wandb by
the number of calls instead of the iteration, start a new run when training resumes, copy the whole work dir into MLflow's
store (which is in that work dir), and show repeated iterations of a resumed run twice in TensorBoard.
"""

import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.visualization import Visualizer
from mmengine.visualization.vis_backend import MLflowVisBackend, TensorboardVisBackend, WandbVisBackend

from .. import atomic
from ..registry import VISBACKENDS
from .record import NAMES

IDS = 'trackers.json'  # file in the work dir: tracker -> id of the run
BACKENDS = {'tensorboard': 'TensorboardVisBackend', 'wandb': 'WandbRun', 'mlflow': 'MLflowRun', 'aim': 'AimVisBackend',
            'clearml': 'ClearMLVisBackend', 'neptune': 'NeptuneVisBackend', 'dvclive': 'DVCLiveVisBackend'}
_OWN_STORES: set[str] = set()  # set_tracking_uri writes to MLFLOW_TRACKING_URI, which users also set


def add_trackers(cfg: Config, names: Sequence[str], work_dir: Path | str) -> None:
    """Add backends to the visualizer of a config; existing ones are kept.

    Args:
        cfg: a config that is being prepared; it is modified.
        names: keys of :data:`BACKENDS`.
        work_dir: work dir of the run.
    """
    if not names:
        return
    if cfg.get('visualizer') is None:
        cfg.visualizer = {'type': 'Visualizer', 'vis_backends': [{'type': 'LocalVisBackend'}], 'save_dir': str(work_dir)}
    backends = list(cfg.visualizer.get('vis_backends') or [])
    there = {backend['type'] for backend in backends}
    run = '/'.join(Path(work_dir).absolute().parts[-2:])
    for name in names:
        if BACKENDS[name] not in there:
            own = {'run': run, 'ids': str(Path(work_dir) / IDS)} if name in ('wandb', 'mlflow') else {}
            backends.append({'type': BACKENDS[name], **own})
    cfg.visualizer.vis_backends = backends


def begin_at(visualizer: Visualizer, iteration: int) -> None:
    """Pass the first iteration of a training (0 unless it is resumed) to the backends that need it, before logging."""
    for backend in visualizer._vis_backends.values():
        if isinstance(backend, TensorboardRun):
            backend.begin_at(iteration)


@VISBACKENDS.register_module(name='TensorboardVisBackend')
class TensorboardRun(TensorboardVisBackend):
    """TensorBoard; replaces MMEngine's backend of the same name.

    A resumed run logs the iterations after its checkpoint again. With ``purge_step`` of ``SummaryWriter``, TensorBoard drops
    the earlier values of these iterations. Values of the checkpoint's own iteration are kept: a value that is already in
    ``scalars.json``, for example of a repeated validation, is not logged again.

    Args:
        save_dir: set by MMEngine.
    """

    def __init__(self, save_dir: str) -> None:
        super().__init__(save_dir)
        self._first: int | None = None  # first iteration of the training; None: unknown
        self._logged: set[str] = set()  # names of the values already logged for it
        self._config: Config | None = None

    def begin_at(self, iteration: int) -> None:
        """Set the first iteration of the training."""
        self._first = iteration
        file = Path(self._save_dir) / 'scalars.json'
        if iteration and file.is_file():
            lines = file.read_text(encoding='utf-8', errors='replace').splitlines()
            self._logged = {name for line in lines if _step_of(line) == iteration for name in json.loads(line)}

    def _init_env(self) -> None:
        """Open the file."""
        from torch.utils.tensorboard import SummaryWriter
        purge = None if self._first is None else self._first + 1 if self._first else 0
        self._tensorboard = SummaryWriter(self._save_dir, purge_step=purge)
        if self._config is not None:
            self._tensorboard.add_text('config', self._config.pretty_text)

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Keep the config until the first value is logged; the first iteration is not known before."""
        self._config = config

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Record a number."""
        if step != self._first or name not in self._logged:
            super().add_scalar(name, value, step)


def _step_of(line: str) -> int | None:
    try:
        return json.loads(line).get('step')
    except (ValueError, AttributeError):
        return None  # an incomplete line


@VISBACKENDS.register_module()
class WandbRun(WandbVisBackend):
    """Weights & Biases, by iteration. ``WANDB_MODE=offline`` writes into the work dir; ``wandb sync`` uploads it later.

    Iterations that were logged before a crash are not logged twice, because wandb drops steps that decrease.

    Args:
        save_dir: set by MMEngine.
        run: name of the run.
        ids: file that stores the id of the run for resuming.
        init_kwargs: arguments of ``wandb.init``; ``WANDB_PROJECT`` and the other variables of wandb also apply.

    Raises:
        ValueError: ``ids`` is not valid JSON.
    """

    def __init__(self, save_dir: str, run: str, ids: str, init_kwargs: dict[str, Any] | None = None) -> None:
        named = {'id': _known_id(Path(ids), 'wandb') or _keep_id(Path(ids), 'wandb', uuid.uuid4().hex), 'name': run,
                 'resume': 'allow', 'allow_val_change': True, **(init_kwargs or {})}
        super().__init__(save_dir, named)

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Record the config."""
        self.experiment.config.update(config.to_dict(), allow_val_change=True)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Record an RGB image."""
        self.experiment.log({name: self.experiment.Image(image)}, step=step)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Record a number."""
        self.experiment.log({name: value}, step=step)

    def add_scalars(self, scalar_dict: dict[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any) -> None:
        """Record several numbers."""
        self.experiment.log(dict(scalar_dict), step=step)

    def close(self) -> None:
        """End the run."""
        if hasattr(self, '_wandb'):
            self._wandb.finish()


@VISBACKENDS.register_module()
class MLflowRun(MLflowVisBackend):
    """MLflow, with a store in the work dir (``mlflow.db``), or at ``MLFLOW_TRACKING_URI`` if that is set.

    Iterations that were logged before a crash are not logged twice.

    Args:
        save_dir: set by MMEngine.
        run: name of the run.
        ids: file that stores the id of the run for resuming.
        exp_name: name of the experiment.
    """

    def __init__(self, save_dir: str, run: str, ids: str, exp_name: str = 'mtkd') -> None:
        super().__init__(save_dir, exp_name=exp_name, artifact_suffix=())
        self._run, self._ids, self._logged = run, Path(ids), -1

    def _init_env(self) -> None:
        """Open the store and start the run; a resumed run continues its earlier one."""
        import mlflow
        self._mlflow = mlflow
        folder = self._ids.parent.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        given = os.environ.get('MLFLOW_TRACKING_URI')
        own = not given or given in _OWN_STORES
        if own:
            store = f'sqlite:///{folder / "mlflow.db"}'
            _OWN_STORES.add(store)
            mlflow.set_tracking_uri(store)
        if mlflow.get_experiment_by_name(self._exp_name) is None:
            place = (folder / 'mlflow').as_uri() if own else None
            mlflow.create_experiment(self._exp_name, artifact_location=place)
        mlflow.set_experiment(self._exp_name)
        known = _known_id(self._ids, 'mlflow')
        opened = mlflow.start_run(run_id=known, run_name=None if known else self._run)
        _keep_id(self._ids, 'mlflow', opened.info.run_id)
        if known:
            history = mlflow.MlflowClient().get_metric_history(known, 'loss')
            self._logged = max((point.step for point in history), default=-1)

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Log the config as a file, and the values that identify the run as parameters."""
        self.cfg = config
        mlflow = self.experiment
        mlflow.log_text(config.pretty_text, 'config.py')
        if self._logged < 0:
            named = {key: config[key] for key in NAMES if config.get(key)}
            mlflow.log_params({**named, 'seed': (config.get('randomness') or {}).get('seed'),
                               'config_sha256': config.get('config_sha256')})

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Record an RGB image."""
        self.experiment.log_image(np.ascontiguousarray(image), f'{name}/{step}.png')

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Record a number."""
        self.add_scalars({name: value}, step)

    def add_scalars(self, scalar_dict: dict[str, Any], step: int = 0, file_path: str | None = None, **kwargs: Any) -> None:
        """Record several numbers."""
        mlflow = self.experiment
        if step > self._logged:
            numbers = {key: float(value) for key, value in scalar_dict.items() if key != 'step'}
            mlflow.log_metrics(numbers, step)

    def close(self) -> None:
        """End the run."""
        if hasattr(self, '_mlflow'):
            self._mlflow.end_run()


def _known_id(ids: Path, tracker: str) -> str | None:
    if not ids.is_file():
        return None
    try:
        return json.loads(ids.read_text(encoding='utf-8')).get(tracker)
    except (ValueError, AttributeError):
        raise ValueError(f'{ids} is damaged: remove it; the tracker then starts a new run.') from None


def _keep_id(ids: Path, tracker: str, value: str) -> str:
    known = json.loads(ids.read_text(encoding='utf-8')) if ids.is_file() else {}
    atomic.write_text(ids, json.dumps({**known, tracker: value}))
    return value
