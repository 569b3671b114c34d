"""Shared Swin-L trunk with FCN heads 192 channels wide (ambiguous in the paper: fact sheet 1.1.6)."""
_base_ = ['mt_swinT.py']
model = dict(net=dict(backbone=dict(name='swin_large_patch4_window7_224'), head=dict(channels=192)))
