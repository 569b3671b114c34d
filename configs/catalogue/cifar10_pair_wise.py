"""SKD (Liu et al., CVPR 2019), the pair-wise term: similarities of cells.

    python tools/train.py configs/catalogue/cifar10_pair_wise.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. Compared with all other methods in docs/results/comparison.md.
"""

_base_ = ['cifar10_narrow.py']
method = 'SKD, pair-wise'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='PairWise'), student='trunk.2', weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/trunk2')
