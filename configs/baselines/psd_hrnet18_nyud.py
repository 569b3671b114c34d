"""PSD, approximate: local patterns propagated within and between tasks; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/psd_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
4.714 M parameters, 20.43 G multiply-accumulates (printed: 4.71 M, 21.10 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'PSD (approx.)'
model = dict(net=dict(
    neck=dict(type='PSDNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
