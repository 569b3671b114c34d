"""SP (Tung and Mori 2019): which samples of a batch are alike.

    python tools/train.py configs/catalogue/cifar10_sp.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'SP'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='SimilarityPreserving'), student='trunk.2', weight=3000.0)]))
