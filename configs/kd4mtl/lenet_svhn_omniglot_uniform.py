"""MultiLeNet on both sets, every weight 1: the baseline of Table 1.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_uniform.py

SVHN + Omniglot as the paper splits them (47,217 + 19,476 train; 26,040 + 6,492 val). Adam 1e-3 (the paper states none), x.85
every 15 epochs of 184 iterations, 300 epochs; median of the last 20. Not run here: the full sets were not available.
"""

_base_ = ['../_base_/models/multi_lenet.py', '../_base_/datasets/svhn_omniglot.py', '../_base_/schedules/kd4mtl_lenet.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'kd4mtl_svhn_omniglot', 'Uniform', 'LeNet', 'LeNet'
