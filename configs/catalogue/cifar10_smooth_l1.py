"""Smooth L1 (as in Ranzinger et al. 2024): of projected features.

    python tools/train.py configs/catalogue/cifar10_smooth_l1.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'Smooth L1'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='SmoothL1Features'), student='trunk.2', projector=dict(type='Linear1x1'))]))
