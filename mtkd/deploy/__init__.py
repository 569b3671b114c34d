"""F6: a trained student at work: inference, export, model cards."""

from .inference import MultiTaskInferencer, Prediction

__all__ = ['MultiTaskInferencer', 'Prediction']
