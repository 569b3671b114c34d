"""A small pair's teacher: ResNet-34 trunk, all scales projected to 64 channels, FCN heads 64 wide; from scratch."""
_base_ = ['mt_mobilenetv3.py']
model = dict(net=dict(backbone=dict(name='resnet34'), neck=dict(lateral_channels=64)))
