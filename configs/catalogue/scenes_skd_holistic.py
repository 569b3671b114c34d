"""SKD holistic (Liu et al. 2019): adversarial distillation with a critic.

    python tools/train.py configs/catalogue/scenes_skd_holistic.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'SKD holistic'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='Holistic', width=16), weight=0.1)]))
