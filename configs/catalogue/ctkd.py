"""CTKD (Li et al., AAAI 2023): a temperature learned adversarially to the student.

    python tools/train.py configs/catalogue/ctkd.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+CTKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=dict(each_task=dict(loss=dict(type='CurriculumTemperature', loss=dict(type='PlainKD', tau=1.0))))))
