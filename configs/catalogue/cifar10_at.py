"""AT (Zagoruyko and Komodakis 2017): where features are large.

    python tools/train.py configs/catalogue/cifar10_at.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'AT'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='AttentionTransfer'), student='trunk.2', weight=1000.0)]))
