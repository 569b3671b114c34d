"""Shared Swin-B trunk with FCN heads 128 channels wide (ambiguous in the paper: fact sheet 1.1.6)."""
_base_ = ['mt_swinT.py']
model = dict(net=dict(backbone=dict(name='swin_base_patch4_window7_224'), head=dict(channels=128)))
