"""MGDA-UB (Sener and Koltun 2018) at the shared feature.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_mgda.py

SVHN + Omniglot as the paper splits them (47,217 + 19,476 train; 26,040 + 6,492 val). Adam 1e-3 (the paper states none), x.85
every 15 epochs of 184 iterations, 300 epochs; median of the last 20. Not run here: the full sets were not available.
"""

_base_ = ['lenet_svhn_omniglot_uniform.py']
method = 'MGDA'
model = dict(balance=dict(_delete_=True, type='MGDA'))
