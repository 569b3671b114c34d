import pytest
import torch

from mtkd.tasks import Depth


def test_output_is_metres():
    out = torch.tensor([-1.0, 2.5]).view(1, 1, 1, 2)
    assert Depth().predict(out).flatten().tolist() == [0, 2.5]
    total, count = Depth().losses(out, torch.tensor([1.0, 2.0]).view(1, 1, 1, 2))['l1']
    assert total == 2.5 and count == 2  # the loss sees the negative depth, the prediction does not


def test_end_of_the_colour_scale():
    far = torch.full((1, 1, 1, 1), 50.0)
    assert not torch.equal(Depth(draw_max_m=80.0).draw(far), Depth().draw(far))
    with pytest.raises(ValueError, match='draw_max_m is 0'):
        Depth(draw_max_m=0)
