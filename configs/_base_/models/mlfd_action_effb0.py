"""EfficientNet-B0 for clips, frame by frame: stages of stride 8, 16, 32 (40, 112, 320), embedding of 2048 per frame, logits averaged over time. The frame network is group A's (fact sheet 1.3.2)."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        trunk=dict(
            type='FrameTrunk',
            backbone=dict(type='TimmBackbone', name='tf_efficientnet_b0', out_indices=(2, 3, 4)),
            neck=dict(type='PoolNeck', channels=2048)),
        head=dict(type='FrameMeanHead', head=dict(type='LinearHead'))),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=True))
