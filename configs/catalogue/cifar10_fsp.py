"""FSP (Yim et al. 2017): how features flow from level to level.

    python tools/train.py configs/catalogue/cifar10_fsp.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'FSP'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='FSP'), student=['trunk.0', 'trunk.1', 'trunk.2'], weight=50.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/levels')
