"""NST (Huang and Wang 2017): distributions of activation patterns.

    python tools/train.py configs/catalogue/cifar10_nst.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'NST'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='NST'), student='trunk.2', weight=50.0)]))
