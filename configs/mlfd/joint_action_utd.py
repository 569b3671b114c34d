"""Joint teacher on both parts of UTD-MHAD (scope all), fused at stride 8, maps averaged over time.

    python tools/train.py configs/mlfd/joint_action_utd.py --with-prerequisites

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['../_base_/models/mlfd_joint32.py', '../_base_/datasets/mlfd_action_utd_halves.py', '../_base_/schedules/mlfd_action_utd.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_action', 'Joint teacher, stride8', 'joint teacher', 'ResNet-10, 64x64, 8 frames'
train_cfg = dict(max_iters=360)
model = dict(net=dict(trunk=dict(
    experts=dict(utd_first=dict(config='configs/mlfd/action_utd_first.py'), utd_second=dict(config='configs/mlfd/action_utd_second.py')),
    fuse='stride8', channels=(48, 96))))
