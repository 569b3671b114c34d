"""Tf-KD (Yuan et al., CVPR 2020): a virtual teacher for classes, no network.

    python tools/train.py configs/catalogue/tf_kd.py

Classes use this method, the other tasks a moving average of the student. Synthetic scenes at 64x96. Not tuned, not compared:
it shows how the method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+Tf-KD'
model = dict(distiller=dict(
    teachers=dict(ema=dict(type='EMATeacher')),
    links=[dict(task='semseg', loss=dict(type='TeacherFreeKD'), weight=0.9)] + [
        dict(task=task, loss=dict(type='PlainKD'), teacher='ema') for task in ('depth', 'normals', 'edge')]))
