"""WSLD (Zhou et al., ICLR 2021): soft labels with a weight for each sample.

    python tools/train.py configs/catalogue/cifar10_wsld.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_outputs.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'WSLD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='WSLD', temperature=2.0), weight=2.25)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/logits')
