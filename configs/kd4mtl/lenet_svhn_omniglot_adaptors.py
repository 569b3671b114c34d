"""KD4MTL: a linear adaptor per task between the shared feature and that of its single-task teacher (equation 5).

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_adaptors.py --with-prerequisites

SVHN + Omniglot as the paper splits them (47,217 + 19,476 train; 26,040 + 6,492 val). Adam 1e-3 (the paper states none), x.85
every 15 epochs of 184 iterations, 300 epochs; median of the last 20. Not run here: the full sets were not available.
"""

_base_ = ['lenet_svhn_omniglot_uniform.py']
method = 'KD4MTL'
model = dict(distiller=dict(
    teachers=dict(
        svhn=dict(config='configs/kd4mtl/lenet_svhn_omniglot_stl_svhn.py'),
        omniglot=dict(config='configs/kd4mtl/lenet_svhn_omniglot_stl_omniglot.py')),
    links=dict(each_task=dict(
        loss=dict(type='NormalisedL2'), student='shared', teacher='{task}:shared', weight=10.0, where='labelled',
        projector=dict(type='Linear1x1')))))
optim_wrapper = dict(constructor='PartsConstructor',
                     paramwise_cfg=dict(parts=dict(distiller=dict(lr=0.01))))
