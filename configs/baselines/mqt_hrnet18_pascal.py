"""MQTransformer: tasks exchange information through per-task queries; HRNet18, PASCAL-Context, 512x512 (Table 3).

    python tools/train.py configs/baselines/mqt_hrnet18_pascal.py

Recipe: that of the baseline, mt_hrnet18_pascal.py. Cost: docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_pascal.py']
method = 'MQTransformer'
model = dict(net=dict(
    neck=dict(type='MQTNeck'),
    head=dict(_delete_=True, type='LogitsHead')))
