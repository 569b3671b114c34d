"""As action_utd_odd.py, with max pooling of the frame embeddings over time before the classifier.

    python tools/train.py configs/mlfd/action_utd_odd_maxpool.py

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['action_utd_odd.py']
method = 'Dataset-specific, max over time'
model = dict(net=dict(head=dict(type='TemporalPoolHead', pool='max')))
