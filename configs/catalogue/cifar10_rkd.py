"""RKD (Park et al. 2019): distances and angles between the samples of a batch.

    python tools/train.py configs/catalogue/cifar10_rkd.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'RKD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='RKD', distance=25.0, angle=50.0), student='shared')]))
