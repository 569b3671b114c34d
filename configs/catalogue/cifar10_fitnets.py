"""FitNets (Romero et al. 2015): mean squared difference of projected features.

    python tools/train.py configs/catalogue/cifar10_fitnets.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'FitNets'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='FitNets'), student='trunk.2', projector=dict(type='Linear1x1', bias=True), weight=100.0)]))
