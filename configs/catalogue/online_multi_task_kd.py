"""Online multi-task distillation: one single-task network per task, trained together with the student.

    python tools/train.py configs/catalogue/online_multi_task_kd.py

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+online'
model = dict(distiller=dict(
    teachers={task: dict(type='Peer', heads=[task], net=dict(
        backbone=dict(type='TimmBackbone', name='mobilenetv3_small_100', pretrained=False, out_indices=(1, 2, 3, 4)),
        neck=dict(type='ConcatNeck', lateral_channels=16), head=dict(type='FCNHead', channels=16)))
        for task in ('semseg', 'depth', 'normals', 'edge')},
    links=dict(each_task=[
        dict(type='PeerTask', teacher='{task}'),
        dict(teacher='{task}', loss=dict(type='CauchySchwarz', terms=('inter',)), warmup=0.3)])))
