"""Table 4: a linear adaptor at the last level only.

    python tools/train.py configs/kd4mtl/mtan_nyuv2_adaptors_last.py --with-prerequisites

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['mtan_nyuv2_adaptors.py']
method = 'KD4MTL, last only'
model = dict(distiller=dict(links=dict(each_task=[
    dict(name='last', loss=dict(type='NormalisedL2'), student='{task}.in', teacher='{task}:{task}.in',
         weight={{_base_.task_weights}}, projector=dict(type='Linear1x1', init='default'))])))
