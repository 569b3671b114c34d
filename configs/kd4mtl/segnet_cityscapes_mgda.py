"""MGDA-UB (Sener and Koltun 2018) at the last shared feature.

    python tools/train.py configs/kd4mtl/segnet_cityscapes_mgda.py

Cityscapes with 7 classes at 128x256 in MTAN's layout (2,975 train, 500 val). Adam 1e-4, halved at epoch 100, 200 epochs,
batch 8. Not run here: the data were not available.
"""

_base_ = ['segnet_cityscapes_uniform.py']
method = 'MGDA'
model = dict(balance=dict(_delete_=True, type='MGDA'))
