import numpy as np
import pytest

from mtkd.losses import EdgeBCE

from .cases import case


@pytest.mark.parametrize('w_pos', [0.8, 0.95])
def test_against_numpy(w_pos):
    pred, target, valid = case('EdgeBCE')
    total, _ = EdgeBCE(w_pos)(pred, target, valid)
    logit, label = pred[:, 0].double().numpy(), target.numpy()
    values = np.where(label == 1, w_pos * np.log1p(np.exp(-logit)), (1 - w_pos) * np.log1p(np.exp(logit)))
    np.testing.assert_allclose(total.numpy(), (values * valid.numpy()).sum((1, 2)), rtol=1e-5)


@pytest.mark.parametrize('w_pos', [0.0, 1.0, 8])
def test_weight_out_of_range(w_pos):
    with pytest.raises(ValueError, match='w_pos'):
        EdgeBCE(w_pos)
