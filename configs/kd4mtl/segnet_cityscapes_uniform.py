"""SegNet, every task weight 1: the multi-task baseline.

    python tools/train.py configs/kd4mtl/segnet_cityscapes_uniform.py

Cityscapes with 7 classes at 128x256 in MTAN's layout (2,975 train, 500 val). Adam 1e-4, halved at epoch 100, 200 epochs,
batch 8. Not run here: the data were not available.
"""

_base_ = ['../_base_/models/segnet.py', '../_base_/datasets/cityscapes_7.py', '../_base_/schedules/kd4mtl_dense.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'kd4mtl_cityscapes', 'Uniform', 'SegNet', 'SegNet'
