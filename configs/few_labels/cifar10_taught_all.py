"""The student of CIFAR-10 with all labels, distilled on all images from the teacher trained on all labels.

    python tools/train.py configs/few_labels/cifar10_taught_all.py --with-prerequisites

Cost and result: docs/results/few_labels.md.
"""

_base_ = ['cifar10_taught.py']
train_dataloader = dict(dataset=dict(keep_labels=dict(share=1.0)), sampler=dict(labelled=None))
