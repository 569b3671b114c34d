"""DeMT: deformable mixers, attention between tasks; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/demt_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py. 6.748 M parameters (printed: 4.76 M; the released head has 6.75 M, fact sheet 5.4);
docs/mechanisms/networks.md. Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'DeMT'
model = dict(net=dict(
    neck=dict(type='DeMTNeck'),
    head=dict(_delete_=True, type='LogitsHead')))
