"""Teacher of the catalogue: a ResNet-10 twice as wide on CIFAR-10.

    python tools/train.py configs/catalogue/cifar10_wide.py

The subset of CIFAR-10 that `unpack.py` writes; not tuned, not compared.
"""

_base_ = ['cifar10_narrow.py']
method, student, backbone = 'teacher', 'ResNet-10, twice as wide', 'ResNet-10 wide, 32x32'
model = dict(net=dict(backbone=dict(channels=(48, 96, 192, 192), stem_width=32)))
train_cfg = dict(max_iters=1800)
