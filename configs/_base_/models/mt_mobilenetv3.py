"""A small pair's student: MobileNetV3-Large trunk, all scales projected to 32 channels, FCN heads 64 wide; from scratch."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='mobilenetv3_large_100', pretrained=False, out_indices=(1, 2, 3, 4)),
        neck=dict(type='ConcatNeck', lateral_channels=32),
        head=dict(type='FCNHead', channels=64)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=True))
