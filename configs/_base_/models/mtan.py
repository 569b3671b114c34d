"""MTAN (fact sheet 4.3): 44.229 M parameters with heads for 13 + 1 + 3 channels; with one task (13) STAN's 38.186 M.

Images in [0, 1], as in the authors' code (fact sheet 2.3).
"""
model = dict(
    type='MultiTaskModel',
    net=dict(
        trunk=dict(type='MTAN', width=1.0),
        head=dict(type='ConvPairHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0)))
