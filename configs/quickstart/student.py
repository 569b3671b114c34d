"""The student alone: MobileNetV3-Small, four tasks, 150 iterations (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/student.py
"""

_base_ = ['../_base_/models/mt_mobilenetv3.py', '../_base_/datasets/synthetic.py',
          '../_base_/schedules/adamw_short.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'quickstart', 'MT', 'MobileNetV3-S', 'MobileNetV3-S'
model = dict(net=dict(backbone=dict(name='mobilenetv3_small_100'), neck=dict(lateral_channels=24), head=dict(channels=32)))
optim_wrapper = dict(optimizer=dict(lr=3e-3))
train_cfg = dict(max_iters=150)
