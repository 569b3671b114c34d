"""A small pretrained student: EfficientNet-Lite0 trunk with ImageNet weights, all scales projected to 32 channels, FCN heads 64 wide."""
_base_ = ['mt_mobilenetv3.py']
model = dict(net=dict(backbone=dict(name='tf_efficientnet_lite0', pretrained=False, weights='package')))
