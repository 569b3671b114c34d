"""Shared Swin-S trunk with FCN heads 96 channels wide."""
_base_ = ['mt_swinT.py']
model = dict(net=dict(backbone=dict(name='swin_small_patch4_window7_224'), head=dict(channels=96)))
