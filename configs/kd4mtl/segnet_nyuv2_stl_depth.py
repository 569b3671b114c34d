"""SegNet on depth alone: single-task reference and teacher.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_stl_depth.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['segnet_nyuv2_uniform.py']
method = 'STL'
tasks = dict(depth={{_base_.tasks.depth}}, _delete_=True)
