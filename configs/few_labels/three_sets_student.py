"""One small student of CIFAR-10, GTSRB and SVHN with a tenth of each set's labels, alone: 64 labelled images per batch, 800 iterations.

    python tools/train.py configs/few_labels/three_sets_student.py

All shares, rows and seeds: `python tools/sweep.py configs/sweeps/few_labels_three_sets.py`. Cost and result:
docs/results/few_labels_three_sets.md.
"""

_base_ = ['../_base_/models/few_labels_cnn.py', '../_base_/datasets/three_sets_few_labels.py', '../_base_/schedules/few_labels.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'few_labels_three_sets', 'Student alone', 'ResNet-10, 16-32-64', 'ResNet-10, 16-32-64'
