"""Learned uncertainty weights (Kendall et al. 2018, in MTAN's form).

    python tools/train.py configs/kd4mtl/mtan_cityscapes_uncertainty.py

Cityscapes with 7 classes at 128x256 in MTAN's layout (2,975 train, 500 val). Adam 1e-4, halved at epoch 100, 200 epochs,
batch 8. Not run here: the data were not available.
"""

_base_ = ['mtan_cityscapes_uniform.py']
method = 'Uncert'
model = dict(balance=dict(_delete_=True, type='Uncertainty'))
