"""EBKD (Kwon et al., ICASSP 2020): two teachers, weighted by their entropies.

    python tools/train.py configs/catalogue/ebkd.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+EBKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py'),
                  small=dict(config='configs/quickstart/student.py')),
    links=dict(each_task=dict(loss=dict(type='EBKD'), teacher=['resnet18', 'small']))))
