"""A narrow ResNet-10 for 64x64 clips, frame by frame: stages of stride 4, 8, 16 (24, 48, 96 channels), logits averaged over time. 0.18 M."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        trunk=dict(
            type='FrameTrunk',
            backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2, 3), channels=(24, 48, 96, 96), stem_width=16),
            neck=dict(type='PoolNeck')),
        head=dict(type='FrameMeanHead', head=dict(type='LinearHead'))),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=False))
