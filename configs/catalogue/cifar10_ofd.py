"""OFD (Heo et al. 2019): a partial distance to the teacher's feature, its margin estimated.

    python tools/train.py configs/catalogue/cifar10_ofd.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'OFD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='OFD'), student='trunk.2', weight=0.001)]))
