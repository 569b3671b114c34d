"""Stores the metrics of every validation of a run in one file."""

from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook

from ...registry import HOOKS
from ..report import VALIDATIONS, IncompleteReport, Validations


@HOOKS.register_module()
class ReportHook(Hook):
    """Writes ``validations.json`` in the work dir, with one entry per validation.

    A resumed run keeps the entries up to its starting iteration; later ones are dropped.
    """

    priority = 'LOW'

    def before_train(self, runner: Any) -> None:
        """Load the entries of the earlier part of the run."""
        self._path = Path(runner.work_dir) / VALIDATIONS
        loop = runner.train_loop
        self._kept = Validations(runner.cfg.get('config_sha256'), runner.seed, list(loop.last_epoch_ends),
                                 self._earlier(runner))
        self._write()

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Add the metrics of a validation."""
        self._kept.numbers[runner.iter] = {name: float(value) for name, value in (metrics or {}).items()}
        self._write()

    def _earlier(self, runner: Any) -> dict[int, dict[str, float]]:
        """The entries up to the iteration of resuming, the same on every rank."""
        entries: dict[int, dict[str, float]] = {}
        if runner.iter and is_main_process():
            beside = Path(runner.cfg.get('load_from') or self._path).with_name(VALIDATIONS)
            try:
                before = Validations.read(self._path if self._path.is_file() else beside)
            except IncompleteReport as error:
                runner.logger.warning(f'no earlier validations: {error}')
            else:
                entries = {at: numbers for at, numbers in before.numbers.items() if at <= runner.iter}
        shared = [entries]
        broadcast_object_list(shared)
        return shared[0]

    def _write(self) -> None:
        if is_main_process():
            self._kept.write(self._path)
