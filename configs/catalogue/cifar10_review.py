"""ReviewKD (Chen et al. 2021): lower levels of the teacher teach higher ones of the student.

    python tools/train.py configs/catalogue/cifar10_review.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'ReviewKD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='ReviewKD'), student=['trunk.0', 'trunk.1', 'trunk.2'], warmup=1 / 12, weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/levels')
