"""Tf-KD (Yuan et al., CVPR 2020): a virtual teacher that is right almost always, label smoothing in effect.

    python tools/train.py configs/catalogue/cifar10_tf_kd.py

CIFAR-10, a narrow ResNet-10 without a teacher. Compared with all other methods in docs/results/comparison.md.
"""

_base_ = ['cifar10_narrow.py']
method = 'Tf-KD'
model = dict(distiller=dict(links=[dict(task='cifar10', loss=dict(type='TeacherFreeKD'), weight=1.0)]))
