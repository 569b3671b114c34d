import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.deformable import ChannelDeformable, ChannelOffsets, DeformableMixer

from ..vectors import agree, fill, gradients, noise, score


def feature(channels=4, height=5, width=7):
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(0))


def moved(part):
    for parameter in part.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return part.eval()


def test_every_channel_is_read_at_its_own_offset():
    """Comparison with bilinear sampling of one channel after the other."""
    conv, given = moved(ChannelDeformable(4)), feature()
    offsets = conv.offsets(given).view(2, 4, 2, 5, 7)
    rows, columns = torch.meshgrid(torch.arange(5.0), torch.arange(7.0), indexing='ij')
    sampled = []
    for channel in range(4):
        y, x = rows + offsets[:, channel, 0], columns + offsets[:, channel, 1]
        grid = torch.stack(((2 * x + 1) / 7 - 1, (2 * y + 1) / 5 - 1), -1)
        sampled.append(F.grid_sample(given[:, channel:channel + 1], grid, align_corners=False))
    expected = F.conv2d(torch.cat(sampled, 1), conv.weight, conv.bias)
    torch.testing.assert_close(conv(given), expected, rtol=1e-4, atol=1e-5)
    assert offsets.abs().max() > 0.05


def test_offsets_begin_nearly_alike_everywhere():
    offsets = ChannelOffsets(4)(feature(height=9, width=9))[..., 2:-2, 2:-2]
    torch.testing.assert_close(offsets, offsets[:1, :, :1, :1].expand_as(offsets))


def test_released_offsets_depend_on_the_place():
    """Between the convolutions, rows and columns from 1 on and the 3x3 grid are added."""
    given, released = feature(), moved(ChannelOffsets(4, absolute=True))
    points = released.points(given)
    for n in range(9):
        for row in range(5):
            points[:, n, row] += row + 1 + (n // 3 - 1)
        for column in range(7):
            points[:, 9 + n, :, column] += column + 1 + (n % 3 - 1)
    torch.testing.assert_close(released(given), released.spread(points))
    constant = torch.ones(1, 4, 9, 9)
    spread = released(constant)[..., 2:-2, 2:-2]
    assert not torch.allclose(spread, spread[..., :1, :1].expand_as(spread), atol=1e-2)


def test_the_mixer_mixes_channels_first_then_places():
    mixer, given = moved(DeformableMixer(4)), feature()
    conv, _, norm = mixer.mix
    mixed = norm(F.gelu(conv(given)))
    deformable, _, norm = mixer.deform
    torch.testing.assert_close(mixer(given), mixed + norm(F.gelu(deformable(mixed))))


def test_the_mixer_is_the_official_one():
    mixer, given = fill(DeformableMixer(8, absolute=True)), noise(2, 8, 6, 9, key='x').requires_grad_()
    out = mixer(given)
    names = ('mix.0.weight', 'deform.0.weight', 'deform.0.offsets.points.weight', 'deform.2.weight')
    asked = {'x': given, **{name: mixer.get_parameter(name) for name in names}}
    agree('demt_mixer', {'y': out, **gradients(score({'y': out}), asked)}, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('absolute', [False, True])
def test_parameters_of_the_released_mixer(absolute):
    """Fact sheet 7 by parts, 256 channels: sampling 65,792, offsets 41,490 + 41,984, two norms, a 1x1 convolution 65,792."""
    with torch.device('meta'):
        mixer = DeformableMixer(256, absolute)
    assert sum(p.numel() for p in mixer.parameters()) == 65792 + 41490 + 41984 + 1024 + 65792
