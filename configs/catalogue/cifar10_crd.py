"""CRD (Tian et al. 2020): contrast with a memory of the training set.

    python tools/train.py configs/catalogue/cifar10_crd.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'CRD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='CRD', samples=10000, negatives=4096), student='shared', weight=0.8)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/shared')
