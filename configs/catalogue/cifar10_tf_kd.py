"""Tf-KD (Yuan et al., CVPR 2020): a virtual teacher that is right almost always, label smoothing in effect.

    python tools/train.py configs/catalogue/cifar10_tf_kd.py

CIFAR-10, a narrow ResNet-10 without a teacher. A row of configs/sweeps/comparison_outputs.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'Tf-KD'
model = dict(distiller=dict(links=[dict(task='cifar10', loss=dict(type='TeacherFreeKD'), weight=1.0)]))
