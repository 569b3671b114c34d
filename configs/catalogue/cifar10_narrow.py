"""The student of the comparison: a ResNet-10 with 16, 32, 64 channels on CIFAR-10, all labels, 1,000 iterations of 64 images.

    python tools/train.py configs/catalogue/cifar10_narrow.py

Cost: a minute on a core. A row of configs/sweeps/comparison_outputs.py.
"""

_base_ = ['../_base_/models/few_labels_cnn.py', '../_base_/datasets/cifar10_few_labels.py', '../_base_/schedules/few_labels.py',
          '../_base_/runtime/short.py']
suite, method, student, backbone = 'comparison', 'Student alone', 'ResNet-10, 16-32-64', 'ResNet-10, 16-32-64'
data_set = 'CIFAR-10 (10,000 / 2,000 images)'
train_dataloader = dict(dataset=dict(keep_labels=dict(share=1.0)))
train_cfg = dict(max_iters=1000)
