"""Its teacher: EfficientNet-Lite2 trunk with ImageNet weights, all scales projected to 64 channels, FCN heads 64 wide."""
_base_ = ['mt_lite0.py']
model = dict(net=dict(backbone=dict(name='tf_efficientnet_lite2'), neck=dict(lateral_channels=64)))
