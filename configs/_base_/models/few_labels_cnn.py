"""A narrow ResNet-10 for 32x32: stages of 16, 32, 64 channels at stride 2, 4, 8, global average, linear head. 0.08 M parameters."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2, 3), channels=(16, 32, 64, 64), stem_width=8, stem_stride=2),
        neck=dict(type='PoolNeck'),
        head=dict(type='LinearHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=True))
