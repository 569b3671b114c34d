"""PAD-Net, lite: initial predictions, then features exchanged between tasks through gates; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/padnet_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
5.021 M parameters, 25.05 G multiply-accumulates (printed: 5.02 M, 25.18 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'PAD-Net'
model = dict(net=dict(
    neck=dict(type='PADNetNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
