"""Born-again network, first generation (Furlanello et al., ICML 2018): taught by the student alone.

    python tools/train.py configs/catalogue/born_again_1.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'BAN-1'
model = dict(distiller=dict(
    teachers=dict(before=dict(config='configs/quickstart/student.py')),
    links=dict(each_task=dict(loss=dict(type='PlainKD', tau=1.0)))))
