"""Multi-task baseline, Swin-T, PASCAL-Context, 512x512: one trunk, one FCN head per task.

    python tools/train.py configs/baselines/mt_swinT_pascal.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../_base_/models/mt_swinT.py', '../_base_/datasets/pascal_context.py', '../_base_/schedules/atrc_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_pascal', 'MT', 'Swin-T', 'Swin-T'
optim_wrapper = dict(optimizer=dict(lr=0.001))
train_cfg = dict(val_interval=1875)
