"""MQTransformer: tasks exchange information through per-task queries; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/mqt_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py. Cost: docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'MQTransformer'
model = dict(net=dict(
    neck=dict(type='MQTNeck'),
    head=dict(_delete_=True, type='LogitsHead')))
