"""PAP, approximate: affinities mixed over tasks, diffusion along them; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/papnet_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
4.559 M parameters, 18.36 G multiply-accumulates (printed: 4.54 M, 53.04 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'PAP (approx.)'
model = dict(net=dict(
    neck=dict(type='PAPNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
