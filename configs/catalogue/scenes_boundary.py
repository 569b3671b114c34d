"""BPKD (Liu et al. 2024): class boundaries and interiors.

    python tools/train.py configs/catalogue/scenes_boundary.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'BPKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='Boundary', classes=15), weight=20.0)]))
