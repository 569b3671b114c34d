"""Dynamic weight average (Liu et al. 2019), temperature 2.

    python tools/train.py configs/kd4mtl/mtan_cityscapes_dwa.py

Cityscapes with 7 classes at 128x256 in MTAN's layout (2,975 train, 500 val). Adam 1e-4, halved at epoch 100, 200 epochs,
batch 8. Not run here: the data were not available.
"""

_base_ = ['mtan_cityscapes_uniform.py']
method = 'DWA'
model = dict(balance=dict(_delete_=True, type='DWA', tau=2.0))
