"""ATRC with the published genotype; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/atrc_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
5.061 M parameters, 25.05 G multiply-accumulates (printed: 5.06 M, 25.76 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'ATRC'
model = dict(net=dict(
    neck=dict(type='ATRCNeck', channels=67, genotype='nyud_hrnet18'),
    head=dict(_delete_=True, type='LogitsHead', dropout=0.05)))
