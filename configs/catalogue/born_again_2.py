"""Born-again network, second generation (Furlanello et al., ICML 2018): taught by the first.

    python tools/train.py configs/catalogue/born_again_2.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'BAN-2'
model = dict(distiller=dict(
    teachers=dict(before=dict(config='configs/catalogue/born_again_1.py')),
    links=dict(each_task=dict(loss=dict(type='PlainKD', tau=1.0)))))
