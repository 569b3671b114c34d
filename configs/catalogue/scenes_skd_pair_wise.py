"""SKD pair-wise (Liu et al. 2019): affinities between cells of a coarse grid.

    python tools/train.py configs/catalogue/scenes_skd_pair_wise.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'SKD pair-wise'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='PairWise', scale=0.5), student='shared', weight=0.5)]))
