"""OFD (Heo et al. 2019): a partial distance to the teacher's feature, its margin estimated.

    python tools/train.py configs/catalogue/cifar10_ofd.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. Compared with all other methods in docs/results/comparison.md.
"""

_base_ = ['cifar10_narrow.py']
method = 'OFD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='OFD'), student='trunk.2', weight=0.001)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/trunk2')
