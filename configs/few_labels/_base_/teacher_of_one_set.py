"""Common settings of the teachers of the three data sets: a ResNet-10 with 32, 64, 128 channels, from scratch; each config sets its data set."""

_base_ = ['../../_base_/models/few_labels_cnn.py', '../../_base_/datasets/mlfd_s32.py', '../../_base_/schedules/few_labels.py',
          '../../_base_/runtime/short.py']
suite, method, student, backbone = 'few_labels_three_sets', 'Teacher of all labels', 'ResNet-10, 32-64-128', 'ResNet-10, 32-64-128'
model = dict(net=dict(backbone=dict(channels=(32, 64, 128, 128), stem_width=16)))
train_cfg = dict(max_iters=1600)
