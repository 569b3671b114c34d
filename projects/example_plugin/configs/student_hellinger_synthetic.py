"""The student: MobileNetV3-Small, taught by the teacher beside this file with this package's Hellinger loss.

    python tools/train.py projects/example_plugin/configs/student_hellinger_synthetic.py --with-prerequisites

Cost: teacher and student together, 200 iterations each, 2.3 minutes of one CPU core, no data and no downloads. A run to
see that the plugin works: its terms fall (semseg/hellinger 0.11 at iteration 40, 0.03 at 200); nothing is claimed of scores.
"""

_base_ = ['teacher_synthetic.py']
custom_imports = dict(imports=['mtkd_example_plugin'])
method, student, backbone = 'MT+Hellinger', 'MobileNetV3-S', 'MobileNetV3-S'
model = dict(
    net=dict(backbone=dict(name='mobilenetv3_small_100')),
    distiller=dict(
        teachers=dict(resnet18=dict(config='teacher_synthetic.py')),
        links=dict(each_task=dict(loss=dict(type='Hellinger', tau=1.0)))))
