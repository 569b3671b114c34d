"""SemCKD (Chen et al. 2021): levels paired by attention.

    python tools/train.py configs/catalogue/cifar10_semckd.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'SemCKD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='SemCKD', batch_size=64), student=['trunk.0', 'trunk.1', 'trunk.2'], weight=400.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/levels')
