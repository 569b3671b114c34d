import pytest
import torch

from mtkd.tasks import Normals


def test_prediction_is_a_unit_vector_and_finite_at_zero():
    out = torch.randn(2, 3, 3, 4)
    pred = Normals().predict(out, (9, 12))
    torch.testing.assert_close(pred.norm(dim=1), torch.ones(2, 9, 12))
    assert torch.equal(Normals().predict(torch.zeros(1, 3, 2, 2)), torch.zeros(1, 3, 2, 2))


def test_sign_of_z_reaches_view_and_picture():
    assert (Normals(z_sign=1).prob_view.directions[:, 2] > 0).all()
    assert (Normals().prob_view.directions[:, 2] < 0).all()
    facing = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1)
    assert Normals(z_sign=1).draw(facing)[0, 2] == 255
    with pytest.raises(ValueError, match='z_sign is 2'):
        Normals(z_sign=2)


def test_cosine_instead():
    out = torch.tensor([2.0, 0, 0]).view(1, 3, 1, 1)
    assert Normals(loss='CosineNormals').losses(out, -out / 2)['cos'][0].item() == pytest.approx(2)
