"""Table 4: non-linear adaptors, levels mid and last.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_adaptors_nonlinear.py --with-prerequisites

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['segnet_nyuv2_adaptors.py']
method = 'KD4MTL, non-linear'
model = dict(distiller=dict(links=dict(each_task=[
    dict(name='mid', loss=dict(type='NormalisedL2'), student='trunk.0', teacher='{task}:trunk.0',
         weight={{_base_.task_weights}}, projector=dict(type='NonLinear')),
    dict(name='last', loss=dict(type='NormalisedL2'), student='shared', teacher='{task}:shared',
         weight={{_base_.task_weights}}, projector=dict(type='NonLinear'))])))
