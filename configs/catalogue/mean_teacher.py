"""Mean teacher (Tarvainen and Valpola 2017): the student learns from a moving average of its own weights.

    python tools/train.py configs/catalogue/mean_teacher.py

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+mean teacher'
model = dict(distiller=dict(
    teachers=dict(ema=dict(type='EMATeacher', decay=0.99)),
    links=dict(each_task=dict(loss=dict(type='PlainKD', tau=1.0), warmup=0.2))))
