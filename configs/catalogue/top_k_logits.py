"""Plain distillation from the three most probable classes (Shen and Xing, ECCV 2022).

    python tools/train.py configs/catalogue/top_k_logits.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+top-k'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=dict(each_task=dict(loss=dict(type='TopKTeacher', k=3, loss=dict(type='PlainKD'))))))
