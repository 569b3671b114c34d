"""MGDA (Sener and Koltun 2018) on the shared parameters: no single tap is common to all tasks.

    python tools/train.py configs/kd4mtl/mtan_nyuv2_mgda.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['mtan_nyuv2_uniform.py']
method = 'MGDA'
model = dict(balance=dict(_delete_=True, type='MGDA', level='params'))
