"""Bernoulli distillation of binary maps (MLD, Yang et al., ICCV 2023) and a learned scale for depth.

    python tools/train.py configs/catalogue/bernoulli.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+Bernoulli'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='edge', loss=dict(type='BernoulliKD')),
           dict(task='depth', loss=dict(type='ScaledRegression', log=True)),
           dict(task='semseg', loss=dict(type='PlainKD')), dict(task='normals', loss=dict(type='PlainKD'))]))
