"""ReviewKD (Chen et al. 2021): lower levels of the teacher teach higher ones of the student.

    python tools/train.py configs/catalogue/cifar10_review.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'ReviewKD'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='ReviewKD'), student=['trunk.0', 'trunk.1', 'trunk.2'], warmup=1 / 12)]))
