"""Dynamic weight average (Liu et al. 2019), temperature 2.

    python tools/train.py configs/kd4mtl/mtan_nyuv2_dwa.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['mtan_nyuv2_uniform.py']
method = 'DWA'
model = dict(balance=dict(_delete_=True, type='DWA', tau=2.0))
