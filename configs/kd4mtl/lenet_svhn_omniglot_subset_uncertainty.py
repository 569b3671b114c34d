"""Learned uncertainty weights (Kendall et al. 2018, in MTAN's form).

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_subset_uncertainty.py

SVHN subset (3,935 train, 1,201 val) and Omniglot drawers 1-14 / 15-17, as `unpack.py` writes them; protocol ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['lenet_svhn_omniglot_subset_uniform.py']
method = 'Uncert'
model = dict(balance=dict(_delete_=True, type='Uncertainty'))
