"""UNIC (Sariyildiz et al., ECCV 2024): a ladder of projectors for each of two teachers.

    python tools/train.py configs/catalogue/unic.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+UNIC'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py'),
                  small=dict(config='configs/quickstart/student.py')),
    links=dict(each_task=dict(
        loss=dict(type='UNIC', hidden=16, last_hidden=32), student=['trunk.2', 'trunk.3', '{task}.feat'],
        teacher=['resnet18:{task}.feat', 'small:{task}.feat']))))
