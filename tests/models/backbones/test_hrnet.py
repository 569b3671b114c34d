import pytest
import timm
import torch
from timm.models.hrnet import HighResolutionModule
from timm.models.resnet import BasicBlock
from torch import nn

from mtkd.models.backbones import TimmBackbone
from mtkd.models.backbones.hrnet import AnySizeFusion, fuse_any_size

HRNET = {'features_only': True, 'feature_location': '', 'out_indices': (1, 2, 3, 4)}


def small_module(seed=0):
    """timm's module of three branches, one block each."""
    torch.manual_seed(seed)
    return HighResolutionModule(3, BasicBlock, [1, 1, 1], [4, 8, 16], [4, 8, 16], 'SUM').eval()


def levels(*sizes):
    rng = torch.Generator().manual_seed(1)
    return [torch.randn(2, channels, *size, generator=rng) for channels, size in zip((4, 8, 16), sizes, strict=True)]


def test_equals_timm_where_factors_fit():
    sizes = (12, 8), (6, 4), (3, 2)
    expected = small_module()(levels(*sizes))
    module = nn.ModuleList([small_module()])
    fuse_any_size(module)
    assert type(module[0]) is AnySizeFusion
    for fused, level in zip(module[0](levels(*sizes)), expected, strict=True):
        assert torch.equal(fused, level)


def test_odd_sizes_fuse_at_the_receiving_size():
    sizes = (11, 7), (6, 4), (3, 2)
    with pytest.raises(RuntimeError, match='size'):
        small_module()(levels(*sizes))
    module = nn.ModuleList([small_module()])
    fuse_any_size(module)
    assert [tuple(level.shape[-2:]) for level in module[0](levels(*sizes))] == list(sizes)


def test_nothing_but_upsampling_is_taken_out_and_names_stay():
    before = small_module().state_dict()
    module = nn.ModuleList([small_module()])
    fuse_any_size(module)
    assert list(module[0].state_dict()) == list(before)
    assert all(torch.equal(value, before[key]) for key, value in module[0].state_dict().items())
    assert not any(isinstance(part, nn.Upsample) for part in module.modules())


def test_a_given_list_is_left_as_it_is():
    module = nn.ModuleList([small_module()])
    fuse_any_size(module)
    given = levels((12, 8), (6, 4), (3, 2))
    module[0](kept := list(given))
    assert all(a is b for a, b in zip(given, kept, strict=True))


def test_other_networks_are_untouched():
    net = timm.create_model('test_resnet')
    kinds = [type(part) for part in net.modules()]
    fuse_any_size(net)
    assert [type(part) for part in net.modules()] == kinds


def test_hrnet18_equals_timm_at_a_size_its_strides_divide():
    torch.manual_seed(0)
    theirs = timm.create_model('hrnet_w18_small_v2', **HRNET).eval()
    ours = TimmBackbone('hrnet_w18_small_v2', feature_location='').eval()
    assert set(ours.body.state_dict()) == set(theirs.state_dict())
    ours.body.load_state_dict(theirs.state_dict())
    image = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for feature, expected in zip(ours(image), theirs(image), strict=True):
            torch.testing.assert_close(feature, expected, rtol=1e-5, atol=1e-5)
        odd = ours(image[..., :63, :93])
    assert [tuple(feature.shape[-2:]) for feature in odd] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert all(feature.isfinite().all() for feature in odd)
