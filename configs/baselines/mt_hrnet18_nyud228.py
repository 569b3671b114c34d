"""Multi-task baseline, HRNet18, NYU Depth V2 at 228x308 (the real subset; protocol ours): one trunk, one FCN head per task.

    python tools/train.py configs/baselines/mt_hrnet18_nyud228.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.01, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../_base_/models/mt_hrnet18.py', '../_base_/datasets/nyud228.py', '../_base_/schedules/atrc_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'nyud228', 'MT', 'HRNet18', 'HRNet18'
optim_wrapper = dict(optimizer=dict(lr=0.01))
