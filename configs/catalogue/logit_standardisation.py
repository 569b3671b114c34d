"""Logit standardisation (Sun et al., CVPR 2024) of plain distillation.

    python tools/train.py configs/catalogue/logit_standardisation.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+LS-KD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=dict(each_task=dict(loss=dict(type='LogitStandardised', loss=dict(type='PlainKD', tau=2.0))))))
