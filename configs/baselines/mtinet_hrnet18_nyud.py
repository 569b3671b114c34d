"""MTI-Net as the survey defines it (KDAM prints the cost of another form); HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/mtinet_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
17.961 M parameters, 22.44 G multiply-accumulates (printed: 12.56 M, 19.14 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'MTI-Net (approx.)'
model = dict(net=dict(
    neck=dict(type='MTINetNeck'),
    head=dict(_delete_=True, type='PointwiseHead')))
