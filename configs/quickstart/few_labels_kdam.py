"""The student with few labels, taught by KDAM on all scenes: half of each batch is labelled, the rest has the teacher's word only (synthetic, 64x96; make demo runs it)

    python tools/train.py configs/quickstart/few_labels_kdam.py --with-prerequisites
"""

_base_ = ['few_labels_student.py']
method = 'student + KDAM'
train_dataloader = dict(sampler=dict(labelled=4))
model = dict(distiller=dict(
    weight=0.2,
    teachers=dict(resnet18=dict(config='configs/quickstart/few_labels_teacher.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
