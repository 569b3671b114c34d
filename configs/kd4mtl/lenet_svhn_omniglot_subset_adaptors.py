"""KD4MTL: a linear adaptor per task between the shared feature and that of its single-task teacher (equation 5).

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_subset_adaptors.py --with-prerequisites

SVHN subset (3,935 train, 1,201 val) and Omniglot drawers 1-14 / 15-17, as `unpack.py` writes them; protocol ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['lenet_svhn_omniglot_subset_uniform.py']
method = 'KD4MTL'
model = dict(distiller=dict(
    teachers=dict(
        svhn=dict(config='configs/kd4mtl/lenet_svhn_omniglot_subset_stl_svhn.py'),
        omniglot=dict(config='configs/kd4mtl/lenet_svhn_omniglot_subset_stl_omniglot.py')),
    links=dict(each_task=dict(
        loss=dict(type='NormalisedL2'), student='shared', teacher='{task}:shared', weight=10.0, where='labelled',
        projector=dict(type='Linear1x1')))))
optim_wrapper = dict(constructor='PartsConstructor',
                     paramwise_cfg=dict(parts=dict(distiller=dict(lr=0.01))))
