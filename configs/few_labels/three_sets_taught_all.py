"""The student of three sets with all labels, taught by a teacher of each set.

    python tools/train.py configs/few_labels/three_sets_taught_all.py --with-prerequisites

Cost and result: docs/results/few_labels_three_sets.md.
"""

_base_ = ['three_sets_taught.py']
train_dataloader = dict(sampler=dict(labelled=[32, 16, 16]))
