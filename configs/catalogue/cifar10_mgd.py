"""MGD (Yang et al. 2022): the teacher's feature generated from a part of the student's.

    python tools/train.py configs/catalogue/cifar10_mgd.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'MGD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='MGD', hidden=0.5), student='trunk.2', weight=7e-05)]))
