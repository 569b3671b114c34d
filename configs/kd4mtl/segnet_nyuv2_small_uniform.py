"""SegNet, quarter width, every task weight 1: the multi-task baseline.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_small_uniform.py

NYUv2 with 13 classes at 96x128 (795 train, 304 val), a reduced protocol of ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/segnet.py', '../_base_/datasets/nyuv2_13_small.py', '../_base_/schedules/kd4mtl_dense_short.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'nyuv2_small', 'Uniform', 'SegNet, quarter width', 'SegNet, quarter width'
model = dict(net=dict(backbone=dict(width=0.25)))
