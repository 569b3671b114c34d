"""Dense students of the catalogue: MobileNetV3-Small on the classes of synthetic scenes, without distillation.

    python tools/train.py configs/catalogue/scenes_student.py

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'alone'
tasks = dict(semseg={{_base_.tasks.semseg}}, _delete_=True)
