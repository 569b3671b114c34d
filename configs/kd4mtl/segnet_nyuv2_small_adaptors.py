"""KD4MTL: linear adaptors to one single-task teacher per task (equation 5), levels mid and last.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_small_adaptors.py --with-prerequisites

NYUv2 with 13 classes at 96x128 (795 train, 304 val), a reduced protocol of ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['segnet_nyuv2_small_uniform.py']
method = 'KD4MTL'
task_weights = dict(semseg=1.0, depth=1.0, normals=2.0)
model = dict(distiller=dict(
    teachers=dict(
        semseg=dict(config='configs/kd4mtl/segnet_nyuv2_small_stl_semseg.py'),
        depth=dict(config='configs/kd4mtl/segnet_nyuv2_small_stl_depth.py'),
        normals=dict(config='configs/kd4mtl/segnet_nyuv2_small_stl_normals.py')),
    links=dict(each_task=[
        dict(name='mid', loss=dict(type='NormalisedL2'), student='trunk.0', teacher='{task}:trunk.0',
             weight=task_weights,
             projector=dict(type='Linear1x1')),
        dict(name='last', loss=dict(type='NormalisedL2'), student='shared', teacher='{task}:shared',
             weight=task_weights,
             projector=dict(type='Linear1x1'))])))

optim_wrapper = dict(constructor='PartsConstructor', paramwise_cfg=dict(parts=dict(
    distiller=dict(lr=0.1, weight_decay=5e-4, schedule=False))))
