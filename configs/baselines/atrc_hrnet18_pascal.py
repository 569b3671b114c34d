"""ATRC with the published genotype; HRNet18, PASCAL-Context, 512x512.

    python tools/train.py configs/baselines/atrc_hrnet18_pascal.py

Recipe: that of the baseline, mt_hrnet18_pascal.py. Cost: docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_pascal.py']
method = 'ATRC'
model = dict(net=dict(
    neck=dict(type='ATRCNeck', channels=67, genotype='pascal_hrnet18'),
    head=dict(_delete_=True, type='LogitsHead', dropout=0.05)))
