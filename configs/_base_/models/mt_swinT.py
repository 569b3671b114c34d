"""Shared Swin trunk with FCN heads of the embedding's width (fact sheet 1.1.6: Swin-T 32.50 M, Swin-S 53.82 M)."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='swin_tiny_patch4_window7_224', pretrained=True, out_indices=(0, 1, 2, 3),
                      stage_norm=True, pad_multiple=4, drop_path_rate=0.1, strict_img_size=False, dynamic_img_size=True,
                      always_partition=True),
        neck=dict(type='ConcatNeck'),
        head=dict(type='FCNHead', channels=96)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor'))
