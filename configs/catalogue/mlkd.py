"""MLKD (Jin et al., CVPR 2023): prediction, sample and class terms at several temperatures.

    python tools/train.py configs/catalogue/mlkd.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+MLKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=dict(each_task=dict(loss=dict(type='MLKD', rows=64)))))
