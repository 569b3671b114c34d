"""AB (Heo et al. 2019): on and off where the teacher is. The tap is after the ReLU, so only the teacher's zeros are off.

    python tools/train.py configs/catalogue/cifar10_ab.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'AB'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='ActivationBoundary'), student='trunk.2', projector=dict(type='ConvNorm'))]))
