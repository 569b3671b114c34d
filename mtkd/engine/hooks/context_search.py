"""Controls the search for ATRC's genotype: temperature, entropy weight, freezing, and the resulting file."""

from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from ...models.blocks.context_choice import ContextChoice
from ...models.genotype import GENOTYPE_FILE, KINDS, write_genotype
from ...registry import HOOKS
from ..config import short_path
from ..unwrap import unwrapped


@HOOKS.register_module()
class ContextSearchHook(Hook):
    """Anneals an ATRCSearchNeck, freezes decided pairs, and writes ``genotype.json`` to the work dir at the end.

    Temperature and entropy weight change linearly from the first to the last value over all iterations; a negative weight
    favours undecided, a positive one decided choices. Both depend only on the iteration and the hook has no other state, so
    that a resumed run is bit-exact.

    Args:
        temperature: (first, last) of the Gumbel-softmax samples.
        entropy_weight: (first, last) weight of the mean entropy in the loss.
        freeze_gap: difference of the two largest probabilities at which a pair is frozen; above 1: never.

    Raises:
        ValueError: a temperature or gap is not positive; before training: the network contains no search.

    Source: Bruggemann et al. 2021, the authors' code; fact sheet 4.3 (temperature 1 to .05, weight -.02 to .06, gap .3).
    """

    priority = 'NORMAL'

    def __init__(self, temperature: tuple[float, float] = (1.0, 0.05), entropy_weight: tuple[float, float] = (-0.02, 0.06),
                 freeze_gap: float = 0.3) -> None:
        if min(temperature) <= 0 or freeze_gap <= 0:
            raise ValueError(f'ContextSearchHook(temperature={tuple(temperature)}, freeze_gap={freeze_gap}): give numbers '
                             f'above 0.')
        self.temperature = temperature
        self.entropy_weight = entropy_weight
        self.freeze_gap = freeze_gap

    def before_train(self, runner: Any) -> None:
        """Find the search modules."""
        _choice(runner)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Set the temperature and weight of the step, and freeze decided pairs."""
        choice, done = _choice(runner), runner.iter / runner.max_iters
        choice.temperature.fill_(_between(self.temperature, done))
        choice.entropy_weight.fill_(_between(self.entropy_weight, done))
        choice.freeze(self.freeze_gap)

    def after_train(self, runner: Any) -> None:
        """Write the genotype, before the final checkpoint."""
        if not is_main_process() or runner.iter < runner.max_iters:
            return
        choice = _choice(runner)
        genotype, tasks = choice.genotype(), choice.tasks
        frozen, probabilities = choice.frozen.tolist(), choice.probabilities().tolist()
        write_genotype(Path(runner.work_dir) / GENOTYPE_FILE, genotype, {
            'config': short_path(Path(runner.cfg.filename)), 'config_sha256': runner.cfg.get('config_sha256'),
            'seed': runner.seed, 'iterations': runner.iter, 'frozen': sum(kind >= 0 for row in frozen for kind in row),
            'probabilities': {target: {source: {KINDS[kind]: round(probabilities[i][j][kind], 6)
                                                for kind in choice.kinds(target, source)} for j, source in enumerate(tasks)}
                              for i, target in enumerate(tasks)}})
        runner.logger.info('genotype, rows targets, columns sources: ' + ', '.join(
            f'{target} ' + ''.join(map(str, row.values())) for target, row in genotype.items()))


def _between(ends: tuple[float, float], done: float) -> float:
    return ends[0] + done * (ends[1] - ends[0])


def _choice(runner: Any) -> ContextChoice:
    model = unwrapped(runner.model)
    found = [module for module in model.net.modules() if isinstance(module, ContextChoice)]
    if len(found) != 1:
        raise ValueError("ContextSearchHook: there is nothing to search for in this network; give "
                         "model.net.neck=dict(type='ATRCSearchNeck').")
    return found[0]
