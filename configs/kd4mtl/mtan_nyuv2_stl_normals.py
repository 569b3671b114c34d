"""MTAN on normals alone: single-task reference and teacher.

    python tools/train.py configs/kd4mtl/mtan_nyuv2_stl_normals.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['mtan_nyuv2_uniform.py']
method = 'STL'
tasks = dict(normals={{_base_.tasks.normals}}, _delete_=True)
