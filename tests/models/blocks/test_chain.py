import pytest
import torch

from mtkd.models.backbones import TimmBackbone
from mtkd.models.blocks.chain import check_chain, levels_of, run_level, stem_channels


@pytest.mark.parametrize('name, stem', [('resnet18', ['conv1', 'bn1', 'act1', 'maxpool']), ('regnetx_002', ['stem'])])
def test_levels_one_after_the_other_are_the_backbone(name, stem):
    backbone = TimmBackbone(name).eval()
    levels = levels_of(backbone)
    assert levels[0] == stem and len(levels) == 5
    image = torch.randn(1, 3, 32, 32)
    feature, made = image, []
    for level in levels:
        feature = run_level(backbone, level, feature)
        made.append(feature)
    assert made[0].shape[1] == stem_channels(backbone)
    for ours, whole in zip(made[1:], backbone(image), strict=True):
        torch.testing.assert_close(ours, whole)


def test_what_is_no_chain_is_refused():
    backbone = TimmBackbone('test_vit', out_indices=(0, 1))
    with pytest.raises(ValueError, match="PLETrunk runs .* 'test_vit' is not a plain chain .* or wait"):
        check_chain('PLETrunk', backbone, 'test_vit', 'wait')
