"""SP (Tung and Mori 2019): which samples of a batch are alike.

    python tools/train.py configs/catalogue/cifar10_sp.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'SP'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='SimilarityPreserving'), student='trunk.2', weight=3000.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/trunk2')
