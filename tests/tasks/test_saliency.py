import pytest
import torch

from mtkd.tasks import Saliency


def test_one_channel_equals_two_whose_difference_it_is():
    out = torch.randn(2, 2, 4, 4)
    target = torch.randint(0, 2, (2, 4, 4)).byte()
    single = out[:, 1:] - out[:, :1]
    two, one = Saliency(), Saliency(num_channels=1)
    torch.testing.assert_close(two.losses(out, target)['balanced_ce'][0], one.losses(single, target)['balanced_ce'][0])
    torch.testing.assert_close(two.predict(out, (8, 8)), one.predict(single, (8, 8)))
    torch.testing.assert_close(one.predict(single), single[:, 0].sigmoid())
    torch.testing.assert_close(one.probs(single).flip(1), two.probs(out))


def test_wrong_number_of_channels():
    with pytest.raises(ValueError, match='num_channels is 3'):
        Saliency(num_channels=3)
