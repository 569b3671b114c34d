"""MultiLeNet on both sets, every weight 1: the baseline of Table 1.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_subset_uniform.py

SVHN subset (3,935 train, 1,201 val) and Omniglot drawers 1-14 / 15-17, as `unpack.py` writes them; protocol ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/multi_lenet.py', '../_base_/datasets/svhn_omniglot_subset.py', '../_base_/schedules/kd4mtl_lenet_short.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'svhn_omniglot_subset', 'Uniform', 'LeNet', 'LeNet'
# with dropout, Omniglot's 1,623 classes stay at chance level for the whole schedule
model = dict(net=dict(backbone=dict(dropout=0.0), head=dict(dropout=0.0)))
