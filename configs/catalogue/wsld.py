"""WSLD (Zhou et al., ICLR 2021): soft labels weighted by the student's current loss.

    python tools/train.py configs/catalogue/wsld.py --with-prerequisites

Classes use this method, the other tasks plain distillation of their bins. Synthetic scenes at 64x96. Not tuned, not
compared: it shows how the method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+WSLD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='WSLD', temperature=2.0))] + [
        dict(task=task, loss=dict(type='PlainKD')) for task in ('depth', 'normals', 'edge')]))
