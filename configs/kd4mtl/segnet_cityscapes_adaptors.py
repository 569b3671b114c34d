"""KD4MTL: linear adaptors to one single-task teacher per task (equation 5), level last.

    python tools/train.py configs/kd4mtl/segnet_cityscapes_adaptors.py --with-prerequisites

Cityscapes with 7 classes at 128x256 in MTAN's layout (2,975 train, 500 val). Adam 1e-4, halved at epoch 100, 200 epochs,
batch 8. Not run here: the data were not available.
"""

_base_ = ['segnet_cityscapes_uniform.py']
method = 'KD4MTL'
task_weights = dict(semseg=2.0, depth=6.0)
model = dict(distiller=dict(
    teachers=dict(
        semseg=dict(config='configs/kd4mtl/segnet_cityscapes_stl_semseg.py'),
        depth=dict(config='configs/kd4mtl/segnet_cityscapes_stl_depth.py')),
    links=dict(each_task=[
        dict(name='last', loss=dict(type='NormalisedL2'), student='shared', teacher='{task}:shared',
             weight=task_weights,
             projector=dict(type='Linear1x1'))])))

optim_wrapper = dict(constructor='PartsConstructor', paramwise_cfg=dict(parts=dict(
    distiller=dict(lr=0.1, weight_decay=5e-4, schedule=False))))
