"""FT (Kim et al. 2018): factors of a paraphraser and a translator.

    python tools/train.py configs/catalogue/cifar10_ft.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'FT'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='FactorTransfer', first=0.1), student='trunk.2', weight=200.0)]))
