"""Multi-task baseline, Swin-L, NYUD-v2, 425x560: one trunk, one FCN head per task.

    python tools/train.py configs/baselines/mt_swinL_nyud.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../_base_/models/mt_swinL.py', '../_base_/datasets/nyud.py', '../_base_/schedules/atrc_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_nyud', 'MT', 'Swin-L', 'Swin-L'
optim_wrapper = dict(optimizer=dict(lr=0.001))
