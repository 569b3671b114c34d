"""Smooth L1 (as in Ranzinger et al. 2024): of projected features.

    python tools/train.py configs/catalogue/cifar10_smooth_l1.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'Smooth L1'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='SmoothL1Features'), student='trunk.2', projector=dict(type='Linear1x1'), weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/trunk2')
