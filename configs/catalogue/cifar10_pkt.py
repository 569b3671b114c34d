"""PKT (Passalis and Tefas 2018): which samples of a batch are neighbours.

    python tools/train.py configs/catalogue/cifar10_pkt.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'PKT'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='PKT'), student='shared', weight=30000.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/shared')
