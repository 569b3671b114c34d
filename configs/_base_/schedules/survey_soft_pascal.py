"""As survey_soft_nyud.py for PASCAL-Context: lr 5e-3, 20 passes over 4,998 images in batches of 12, 8,330 iterations."""
_base_ = ['survey_soft_nyud.py']
optim_wrapper = dict(optimizer=dict(lr=5e-3))
train_cfg = dict(max_iters=8330, val_interval=2000)
