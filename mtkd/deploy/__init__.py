"""F6: deployment of a trained student: inference, export, model cards."""

from .inference import MultiTaskInferencer, Prediction

__all__ = ['MultiTaskInferencer', 'Prediction']
