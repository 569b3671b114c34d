"""MultiLeNet for SVHN + Omniglot (fact sheet 1.2.3): a shared vector of 50, a two-layer head per task.

Images are scaled to [-1, 1]; the paper does not state its normalisation.
"""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='MultiLeNet', in_size=32),
        neck=dict(type='OneScaleNeck'),
        head=dict(type='MLPHead', channels=50)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5), channels_last=True))
