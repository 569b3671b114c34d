"""EfficientNet-B0 for MLFD's groups: stages of stride 8, 16, 32 (40, 112, 320), embedding of 2048, linear head (fact sheet 1.3.2); the last stage, before the 1280 channels of its last convolution."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='tf_efficientnet_b0', out_indices=(2, 3, 4)),
        neck=dict(type='PoolNeck', channels=2048),
        head=dict(type='LinearHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=True))
