"""The student distilled by KDAM (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/student_kdam.py --with-prerequisites
"""

_base_ = ['student.py']
method = 'MT+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
