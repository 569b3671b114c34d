import numpy as np
import torch

from mtkd.losses import CosineNormals

from .cases import case


def test_against_numpy():
    pred, target, valid = case('CosineNormals')
    total, _ = CosineNormals()(pred, target, valid)
    vectors = pred.double().numpy()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = (1 - (vectors * target.double().numpy()).sum(1)) * valid.numpy()
    np.testing.assert_allclose(total.numpy(), distance.sum((1, 2)), rtol=1e-5)


def test_a_vector_whose_components_cancel_counts():
    target = torch.tensor([1.0, -1.0, 0.0]).div(2 ** 0.5).view(1, 3, 1, 1)
    total, count = CosineNormals()(-target, target, (target != 0).any(1))
    torch.testing.assert_close(total, torch.tensor([2.0]))
    assert count == 1
