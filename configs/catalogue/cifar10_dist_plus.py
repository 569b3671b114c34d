"""DIST+ (after Huang et al., 2025): DIST with a trained head on the teacher.

    python tools/train.py configs/catalogue/cifar10_dist_plus.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. Compared with all other methods in docs/results/comparison.md.
"""

_base_ = ['cifar10_narrow.py']
method = 'DIST+'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='DISTPlus'), weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/logits')
