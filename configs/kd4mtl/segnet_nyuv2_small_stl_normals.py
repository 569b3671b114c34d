"""SegNet, quarter width on normals alone: single-task reference and teacher.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_small_stl_normals.py

NYUv2 with 13 classes at 96x128 (795 train, 304 val), a reduced protocol of ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['segnet_nyuv2_small_uniform.py']
method = 'STL'
tasks = dict(normals={{_base_.tasks.normals}}, _delete_=True)
