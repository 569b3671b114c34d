"""DKD (Zhao et al., CVPR 2022): the target class and the other classes, weighted separately.

    python tools/train.py configs/catalogue/dkd.py --with-prerequisites

Classes use this method, the other tasks plain distillation of their bins. Synthetic scenes at 64x96. Not tuned, not
compared: it shows how the method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+DKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='DKD', alpha=1.0, beta=2.0, temperature=4.0), warmup=0.1)] + [
        dict(task=task, loss=dict(type='PlainKD')) for task in ('depth', 'normals', 'edge')]))
