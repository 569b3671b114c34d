"""MLFD's joint teacher at 32x32: experts' taps adapted to 64 channels, trainable stages, a linear head per data set.

The images are not normalised: every expert applies its own normalisation.
"""
model = dict(
    type='MultiTaskModel',
    net=dict(
        trunk=dict(type='JointTrunk', adaptor='bn_conv1x1', width=64),
        head=dict(type='LinearHead', dropout=0.5)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', mean=(0, 0, 0), std=(1, 1, 1)))
