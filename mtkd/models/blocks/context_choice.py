"""The search for ATRC's genotype: learned probabilities of the kind of context for each pair of tasks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..genotype import KINDS


class ContextChoice(nn.Module):
    """Scores of the kinds of context for each target and source, their samples, and the frozen pairs.

    In training, the contexts of a pair are mixed by a soft Gumbel-softmax sample of its scores. A pair whose two most likely
    kinds are far enough apart is permanently frozen to the more likely one. In eval mode, only the most likely kind is used.
    A task that is its own source has four kinds, because the regions of target and source are the same.

    The engine's ContextSearchHook controls the temperature, the weight of the entropy, and freezing.

    Source: Bruggemann et al. 2021 and the authors' code; fact sheet 4.3. Difference: frozen pairs are in the state dict and
    in the genotype (the release does not save them, and its genotype is always the most likely kind).

    Args:
        tasks: the T tasks.

    Attributes:
        logits: (T, T, 5) scores, target x source x kind; initialised to 0.
        frozen: (T, T) int64, the kind of each frozen pair, -1 for open ones.
        temperature: (), the temperature of the samples.
        entropy_weight: (), the weight of the entropy in the loss.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        count = len(self.tasks)
        self.logits = nn.Parameter(torch.zeros(count, count, len(KINDS)))
        self.register_buffer('frozen', torch.full((count, count), -1))
        absent = torch.tensor([[[kind not in self.kinds(target, source) for kind in range(len(KINDS))]
                                for source in self.tasks] for target in self.tasks])
        self.register_buffer('absent', absent, persistent=False)
        # tensors, so that a schedule causes no recompilation; not saved, because they follow from the iteration
        self.register_buffer('temperature', torch.ones(()), persistent=False)
        self.register_buffer('entropy_weight', torch.zeros(()), persistent=False)

    @staticmethod
    def kinds(target: str, source: str) -> tuple[int, ...]:
        """The kinds available for a pair of tasks."""
        return tuple(k for k, name in enumerate(KINDS) if target != source or name != 'source_regions')

    def _scores(self) -> Tensor:
        return self.logits.float().masked_fill(self.absent, -torch.inf)

    def probabilities(self) -> Tensor:
        """(T, T, 5), softmax of the scores over the kinds of each pair."""
        return self._scores().softmax(-1)

    def chosen(self) -> Tensor:
        """(T, T) int64: the frozen kind, or the most likely kind of an open pair."""
        return torch.where(self.frozen >= 0, self.frozen, self._scores().argmax(-1))

    def weights(self) -> Tensor:
        """(T, T, 5) float32, the mixing weights: a new sample in training, otherwise 1 for the chosen kind."""
        fixed = nn.functional.one_hot(self.chosen(), len(KINDS)).float()
        if not self.training:
            return fixed
        scores = self._scores()
        gumbel = -torch.empty_like(scores).exponential_().log()
        sample = ((scores + gumbel) / self.temperature).softmax(-1)
        return torch.where((self.frozen >= 0).unsqueeze(-1), fixed, sample)

    def entropy(self) -> Tensor:
        """The mean entropy () of the probabilities over all pairs, including frozen ones, in nats."""
        scores = self._scores()
        logs = scores.log_softmax(-1).masked_fill(self.absent, 0)
        return -(scores.softmax(-1) * logs).sum(-1).mean()

    @torch.no_grad()
    def freeze(self, gap: float) -> None:
        """Permanently freeze the open pairs whose two largest probabilities are ``gap`` or more apart."""
        largest = self.probabilities().topk(2, -1).values
        settled = (self.frozen < 0) & (largest[..., 0] - largest[..., 1] >= gap)
        self.frozen.copy_(torch.where(settled, self._scores().argmax(-1), self.frozen))

    def genotype(self) -> dict[str, dict[str, int]]:
        """Target -> source -> the chosen kind."""
        return {target: dict(zip(self.tasks, row, strict=True))
                for target, row in zip(self.tasks, self.chosen().tolist(), strict=True)}
