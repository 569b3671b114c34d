"""SimKD (Chen et al. 2022): the teacher's classifier on a projected feature, trained by the feature alone.

    python tools/train.py configs/catalogue/cifar10_simkd.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_features.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'SimKD'
tasks = dict(cifar10=dict(weight=0.0))
model = dict(
    net=dict(neck=dict(_delete_=True, type='OneScaleNeck'), head=dict(type='ReusedHead', teacher_channels=256)),
    distiller=dict(
        teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
        links=[dict(task='cifar10', student='cifar10.feat', teacher='wide:trunk.2', resize='pool',
                    loss=dict(type='SimKD', classifier='heads.cifar10.logits', head='heads.cifar10'), weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/trunk2')
