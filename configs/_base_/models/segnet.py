"""SegNet split (fact sheet 4.3): 25.055 M parameters with heads for 13 + 1 + 3 channels, 24.981 M for 13 alone.

Images in [0, 1], as in the authors' code (fact sheet 2.3).
"""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='SegNet', width=1.0),
        neck=dict(type='OneScaleNeck'),
        head=dict(type='ConvPairHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0)))
