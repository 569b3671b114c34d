"""A narrow ResNet-10 for 32x32: stem of stride 2, stages of stride 2, 4, 8 (24, 48, 96 channels), global average, linear head. 0.18 M."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2, 3), channels=(24, 48, 96, 96),
                      stem_width=16, stem_stride=2),
        neck=dict(type='PoolNeck'),
        head=dict(type='LinearHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=False))
