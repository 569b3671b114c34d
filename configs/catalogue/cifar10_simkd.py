"""SimKD (Chen et al. 2022): the teacher's classifier on a projected feature, trained by the feature alone.

    python tools/train.py configs/catalogue/cifar10_simkd.py --with-prerequisites

CIFAR-10, a ResNet-10 from one twice as wide. Not tuned, not compared: it shows how the method is configured, and the tests run it for
two steps.
"""

_base_ = ['cifar10_narrow.py']
method = 'SimKD'
tasks = dict(cifar10=dict(weight=0.0))
model = dict(
    net=dict(neck=dict(_delete_=True, type='OneScaleNeck'), head=dict(type='ReusedHead', teacher_channels=192)),
    distiller=dict(
        teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
        links=[dict(task='cifar10', student='cifar10.feat', teacher='wide:trunk.2', resize='pool',
                    loss=dict(type='SimKD', classifier='heads.cifar10.logits', head='heads.cifar10'))]))
