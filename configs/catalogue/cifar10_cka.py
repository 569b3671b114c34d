"""CKA (Kornblith et al. 2019; Li et al. 2022): centred kernel alignment over the batch.

    python tools/train.py configs/catalogue/cifar10_cka.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'CKA'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='CKA', kernel='rbf'), student='shared')]))
