"""DIST from a teacher with an adaptive head, following the idea of DIST+ (Huang et al. 2025).

    python tools/train.py configs/catalogue/dist_plus.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+DIST+'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='DISTPlus'))] + [
        dict(task=task, loss=dict(type='DIST')) for task in ('depth', 'normals', 'edge')]))
