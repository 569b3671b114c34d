"""The student: MobileNetV3-Small, distilled from the teacher of teacher_synthetic.py with this package's Hellinger loss.

    python tools/train.py projects/example_plugin/configs/student_hellinger_synthetic.py --with-prerequisites

Cost: teacher and student together, 200 iterations each, 2.3 minutes of one CPU core, no data and no downloads. The
run only shows that the plugin works: its loss terms fall (semseg/hellinger 0.11 at iteration 40, 0.03 at 200).

"""

_base_ = ['teacher_synthetic.py']
custom_imports = dict(imports=['mtkd_example_plugin'])
method, student, backbone = 'MT+Hellinger', 'MobileNetV3-S', 'MobileNetV3-S'
model = dict(
    net=dict(backbone=dict(name='mobilenetv3_small_100')),
    distiller=dict(
        teachers=dict(resnet18=dict(config='teacher_synthetic.py')),
        links=dict(each_task=dict(loss=dict(type='Hellinger', tau=1.0)))))
