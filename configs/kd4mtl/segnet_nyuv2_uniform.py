"""SegNet, every task weight 1: the multi-task baseline.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_uniform.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['../_base_/models/segnet.py', '../_base_/datasets/nyuv2_13.py', '../_base_/schedules/kd4mtl_dense.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'kd4mtl_nyuv2', 'Uniform', 'SegNet', 'SegNet'
