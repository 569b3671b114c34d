"""GradNorm (Chen et al. 2018) on the last shared convolution, as in the authors' code.

    python tools/train.py configs/kd4mtl/segnet_cityscapes_gradnorm.py

Cityscapes with 7 classes at 128x256 in MTAN's layout (2,975 train, 500 val). Adam 1e-4, halved at epoch 100, 200 epochs,
batch 8. Not run here: the data were not available.
"""

_base_ = ['segnet_cityscapes_uniform.py']
method = 'GradNorm'
model = dict(balance=dict(_delete_=True, type='GradNorm', alpha=1.5, level='layer:trunk.backbone.decoder.4.convs.1.0'))
