"""GradNorm (Chen et al. 2018) on the last shared convolution, as in the authors' code.

    python tools/train.py configs/kd4mtl/segnet_nyuv2_gradnorm.py

NYUv2 with 13 classes at 288x384 in MTAN's layout (795 train, 654 val). Adam 1e-4, halved at epoch 100, 200 epochs, batch 2.
"""

_base_ = ['segnet_nyuv2_uniform.py']
method = 'GradNorm'
model = dict(balance=dict(_delete_=True, type='GradNorm', alpha=1.5, level='layer:trunk.backbone.decoder.4.convs.1.0'))
