"""As default.py, with a checkpoint every 250 iterations."""
_base_ = ['default.py']
default_hooks = dict(checkpoint=dict(interval=250))
