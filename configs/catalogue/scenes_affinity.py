"""Affinity (He et al. 2019): cosines between all pairs of pixels.

    python tools/train.py configs/catalogue/scenes_affinity.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'Affinity'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='Affinity'), student='shared')]))
