"""DeMT: deformable mixers, attention between tasks; Swin-S, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/demt_swinS_nyud.py

Recipe: that of the baseline, mt_swinS_nyud.py. 53.39 M parameters;
docs/mechanisms/networks.md. Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_swinS_nyud.py']
method = 'DeMT'
model = dict(net=dict(
    neck=dict(type='DeMTNeck'),
    head=dict(_delete_=True, type='LogitsHead')))
