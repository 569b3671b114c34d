"""FSP (Yim et al. 2017): how features flow from level to level.

    python tools/train.py configs/catalogue/cifar10_fsp.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'FSP'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='FSP'), student=['trunk.0', 'trunk.1', 'trunk.2'], weight=50.0)]))
