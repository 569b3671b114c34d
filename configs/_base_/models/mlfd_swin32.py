"""A small Swin for 32x32: patches of 2, windows of 4, stages of stride 2, 4, 8 (24, 48, 96 channels), global average, linear head. 0.28 M."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='swin_tiny_patch4_window7_224', out_indices=(0, 1, 2), img_size=32,
                      patch_size=2, window_size=4, embed_dim=24, depths=(1, 1, 2), num_heads=(1, 2, 4), stage_norm=True),
        neck=dict(type='PoolNeck'),
        head=dict(type='LinearHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=False))
