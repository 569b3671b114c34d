"""FT (Kim et al. 2018): factors of a paraphraser and a translator.

    python tools/train.py configs/catalogue/cifar10_ft.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'FT'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='FactorTransfer', first=0.1), student='trunk.2', weight=200.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/trunk2')
