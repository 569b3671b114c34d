"""PAD-Net, lite: initial predictions, then features exchanged between tasks through gates; HRNet18, PASCAL-Context, 512x512.

    python tools/train.py configs/baselines/padnet_hrnet18_pascal.py

Recipe: that of the baseline, mt_hrnet18_pascal.py. Cost: docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_pascal.py']
method = 'PAD-Net'
model = dict(net=dict(
    neck=dict(type='PADNetNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
