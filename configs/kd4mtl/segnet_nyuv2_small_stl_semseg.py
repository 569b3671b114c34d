"""SegNet, quarter width on semseg alone: single-task reference and teacher.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_small_stl_semseg.py

NYUv2 with 13 classes at 96x128 (795 train, 304 val), a reduced protocol of ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['segnet_nyuv2_small_uniform.py']
method = 'STL'
tasks = dict(semseg={{_base_.tasks.semseg}}, _delete_=True)
