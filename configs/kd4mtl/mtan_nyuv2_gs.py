"""Gradient surgery (PCGrad, Yu et al. 2020) on the shared parameters; the paper quotes this row.

    python tools/train.py configs/kd4mtl/mtan_nyuv2_gs.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['mtan_nyuv2_uniform.py']
method = 'GS'
model = dict(balance=dict(_delete_=True, type='PCGrad', level='params'))
