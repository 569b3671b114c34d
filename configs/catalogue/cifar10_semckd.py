"""SemCKD (Chen et al. 2021): levels paired by attention.

    python tools/train.py configs/catalogue/cifar10_semckd.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'SemCKD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='SemCKD', batch_size=64), student=['trunk.0', 'trunk.1', 'trunk.2'], weight=400.0)]))
