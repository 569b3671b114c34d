"""Three scales of a toy trunk for necks that make a feature per task."""

import torch

CHANNELS, STRIDES = [3, 4, 5], [4, 8, 16]
OUT = {'semseg': 6, 'depth': 1, 'edge': 1}
GENOTYPE = {'semseg': {'semseg': 3, 'depth': 1, 'edge': 4}, 'depth': {'semseg': 2, 'depth': 3, 'edge': 0},
            'edge': {'semseg': 0, 'depth': 0, 'edge': 0}}
NECKS = {'CrossStitchNeck': {}, 'NDDRNeck': {}, 'PADNetNeck': {}, 'PADNetNeck full': {'style': 'full'}, 'PAPNeck': {},
         'PSDNeck': {'kernel': 3}, 'MTINetNeck': {}, 'InvPTNeck': {'width': 8, 'drop_path': 0.0},
         'DeMTNeck': {'heads': 2, 'out_width': 6},
         'DeMTNeck full': {'heads': 2, 'out_width': 6, 'attention': 'full'}, 'MTFormerNeck': {'heads': 2, 'window': 4},
         'MQTNeck': {'heads': 2, 'queries': 5, 'dropout': 0.0, 'drop_path': 0.0},
         'MTMambaNeck': {'states': 2, 'drop_path': 0.0, 'expand': 1},
         'ATRCSearchNeck': {'regions': {'depth': 7}},
         'ATRCNeck': {'genotype': GENOTYPE, 'regions': {'depth': 7}}}


def features(height: int = 37, width: int = 50, batch: int = 2, seed: int = 0) -> list[torch.Tensor]:
    """The features of a trunk for an image of this size."""
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, c, -(-height // s), -(-width // s), generator=rng)
            for c, s in zip(CHANNELS, STRIDES, strict=True)]
