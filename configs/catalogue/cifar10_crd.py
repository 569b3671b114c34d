"""CRD (Tian et al. 2020): contrast with a memory of the training set.

    python tools/train.py configs/catalogue/cifar10_crd.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'CRD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='CRD', samples=10000, negatives=4096), student='shared', weight=0.8)]))
