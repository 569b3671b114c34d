"""Table 4: no adaptors, levels mid and last.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_adaptors_none.py --with-prerequisites

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['segnet_nyuv2_uniform.py']
method = 'KD4MTL, no adaptor'
task_weights = dict(semseg=1.0, depth=1.0, normals=2.0)
model = dict(distiller=dict(
    teachers=dict(
        semseg=dict(config='configs/kd4mtl/segnet_nyuv2_stl_semseg.py'),
        depth=dict(config='configs/kd4mtl/segnet_nyuv2_stl_depth.py'),
        normals=dict(config='configs/kd4mtl/segnet_nyuv2_stl_normals.py')),
    links=dict(each_task=[
        dict(name='mid', loss=dict(type='NormalisedL2'), student='trunk.0', teacher='{task}:trunk.0',
             weight=task_weights),
        dict(name='last', loss=dict(type='NormalisedL2'), student='shared', teacher='{task}:shared',
             weight=task_weights)])))
