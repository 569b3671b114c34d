"""The training loop, which resumes by position instead of replaying the loader."""

from typing import Any

import torch
from mmengine.dist import get_rank
from mmengine.runner import BaseLoop, Runner

from ..registry import LOOPS
from .checkpoint import advance_schedules
from .trackers import begin_at
from .unwrap import unwrapped


@LOOPS.register_module()
class TrainLoop(BaseLoop):
    """Trains for a number of iterations, or of epochs with the length of the batch sampler.

    Every iteration seeds torch's generators from (seed, iteration, rank), and every sample's augmentation from (seed,
    epoch, index): the random numbers of a step do not depend on previous steps, so that a resumed run is bit-exact.

    Args:
        runner: the Runner.
        dataloader: loader or its config; its batch sampler is infinite and has ``start_at(iteration)``.
        max_iters: total number of iterations.
        max_epochs: number of epochs, instead of ``max_iters``.
        val_interval: iterations between validations, with one after the last; None: never.
        val_last_epochs: also validate at the end of each of this number of last epochs (set by ``report`` of a config).
    """

    def __init__(self, runner: Runner, dataloader: Any, max_iters: int | None = None, max_epochs: int | None = None,
                 val_interval: int | None = None, val_last_epochs: int = 0) -> None:
        super().__init__(runner, dataloader)
        if (max_iters is None) == (max_epochs is None):
            raise ValueError(f'train_cfg needs max_iters or max_epochs; it has max_iters={max_iters} and '
                             f'max_epochs={max_epochs}.')
        self.batches_per_epoch = len(self.dataloader.batch_sampler)
        self._max_iters = max_iters if max_iters is not None else int(max_epochs or 0) * self.batches_per_epoch
        self._max_epochs = max_epochs or -(-self._max_iters // self.batches_per_epoch)
        self._iter = 0
        self._epoch = 0  # set by Runner.resume; the epoch follows from the iteration
        self.val_interval = val_interval
        self.last_epoch_ends = [min(epoch * self.batches_per_epoch, self._max_iters) for epoch in
                                range(max(self._max_epochs - val_last_epochs, 0) + 1, self._max_epochs + 1)]
        self.stop_training = False
        self.runner.visualizer.dataset_meta = getattr(self.dataloader.dataset, 'metainfo', None)

    @property
    def iter(self) -> int:
        """Number of completed iterations."""
        return self._iter

    @property
    def epoch(self) -> int:
        """Number of completed epochs."""
        return self._iter // self.batches_per_epoch

    @property
    def max_iters(self) -> int:
        """Total number of iterations."""
        return self._max_iters

    @property
    def max_epochs(self) -> int:
        """Total number of epochs; the last may be incomplete."""
        return self._max_epochs

    def run(self) -> torch.nn.Module:
        """Train from the current iteration to the last."""
        runner = self.runner
        begin_at(runner.visualizer, self._iter)
        advance_schedules(runner.param_schedulers or [], self._iter, self.epoch)
        runner.call_hook('before_train')
        self.dataloader.batch_sampler.start_at(self._iter)
        first = self._iter
        if first:  # its checkpoint was written before the validation of that iteration, which hooks may need
            self._validate_if_due()
        runner.model.train()
        batches = iter(self.dataloader)
        while self._iter < self._max_iters and not self.stop_training:
            if self._iter % self.batches_per_epoch == 0 or self._iter == first: # hooks also see the start of a resumed epoch
                runner.call_hook('before_train_epoch')
            self.run_iter(next(batches))
            done = self._iter == self._max_iters
            if self._iter % self.batches_per_epoch == 0 or done:
                runner.call_hook('after_train_epoch')
            if not self.stop_training:
                self._validate_if_due()
        runner.call_hook('after_train')
        return runner.model

    def _validate_if_due(self) -> None:
        at, runner = self._iter, self.runner
        due = self.val_interval is not None and (at % self.val_interval == 0 or at == self._max_iters)
        if runner.val_loop is not None and (due or at in self.last_epoch_ends):
            runner.val_loop.run()
            runner.model.train()

    def run_iter(self, data_batch: Any) -> None:
        """Run one training step."""
        reseed(step_seed(self.runner.seed, self._iter, get_rank()))
        self.runner.call_hook('before_train_iter', batch_idx=self._iter, data_batch=data_batch)
        unwrapped(self.runner.model).begin_step(self._iter / self._max_iters)
        outputs = self.runner.model.train_step(data_batch, optim_wrapper=self.runner.optim_wrapper)
        self.runner.call_hook('after_train_iter', batch_idx=self._iter, data_batch=data_batch, outputs=outputs)
        self._iter += 1


def reseed(seed: int) -> None:
    """Seed the generators of the CPU and of the devices in use.

    ``torch.manual_seed`` does the same, but formats a stack trace in every call for uninitialised devices (torch 2.15: 0.5
    ms, compared with 0.001 ms for the generators themselves).
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


def step_seed(seed: int, iteration: int, rank: int) -> int:
    """A seed for one step of one rank; consecutive seeds are uncorrelated (splitmix64)."""
    mask = (1 << 64) - 1
    state = (seed * 0x9E3779B97F4A7C15 + iteration * 0xBF58476D1CE4E5B9 + rank * 0x94D049BB133111EB) & mask
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    return (state ^ (state >> 31)) & ((1 << 63) - 1)
