"""The teacher: ResNet-18, four tasks, 250 iterations (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/teacher.py
"""

_base_ = ['student.py']
method, student, backbone = 'MT (teacher, 250 iterations)', 'ResNet-18', 'ResNet-18'
model = dict(net=dict(backbone=dict(name='resnet18'), neck=dict(lateral_channels=48), head=dict(channels=48)))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_iters=250)
