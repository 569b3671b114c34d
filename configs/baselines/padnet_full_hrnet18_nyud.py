"""PAD-Net as the survey defines it; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/padnet_full_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py. 19.522 M parameters, 260.5 G multiply-accumulates at 448x576;
docs/mechanisms/networks.md. Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'PAD-Net (survey)'
model = dict(net=dict(
    neck=dict(type='PADNetNeck', style='full'),
    head=dict(_delete_=True, type='BottleneckHead')))
