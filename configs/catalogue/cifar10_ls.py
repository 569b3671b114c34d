"""Logit standardisation (Sun et al., CVPR 2024) with KD.

    python tools/train.py configs/catalogue/cifar10_ls.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. Compared with all other methods in docs/results/comparison.md.
"""

_base_ = ['cifar10_narrow.py']
method = 'LS-KD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='LogitStandardised', loss=dict(type='PlainKD', tau=2.0)), weight=9.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/logits')
