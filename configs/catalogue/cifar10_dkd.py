"""DKD (Zhao et al., CVPR 2022): the target class and the other classes with separate weights.

    python tools/train.py configs/catalogue/cifar10_dkd.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_outputs.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'DKD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='DKD', alpha=1.0, beta=8.0, temperature=4.0), warmup=1 / 12, weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/logits')
