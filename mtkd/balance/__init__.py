"""F1: balances, from task losses to one number."""

from .balance import Balance
from .weighted_sum import WeightedSum

__all__ = ['Balance', 'WeightedSum']
