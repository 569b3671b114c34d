"""A small student of CIFAR-10 with a tenth of the labels, alone: 64 labelled images per batch, 800 iterations.

    python tools/train.py configs/few_labels/cifar10_student.py

All shares, rows and seeds: `python tools/sweep.py configs/sweeps/few_labels.py`. Cost and result: docs/results/few_labels.md.
"""

_base_ = ['../_base_/models/few_labels_cnn.py', '../_base_/datasets/cifar10_few_labels.py', '../_base_/schedules/few_labels.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'few_labels', 'Student alone', 'ResNet-10, 16-32-64', 'ResNet-10, 16-32-64'
