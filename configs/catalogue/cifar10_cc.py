"""CC (Peng et al. 2019): a kernel between the samples of a batch.

    python tools/train.py configs/catalogue/cifar10_cc.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'CC'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='CorrelationCongruence'), student='shared')]))
