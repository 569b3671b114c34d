"""NDDR-CNN, lite: one layer on the tasks' features after a shared trunk; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/nddr_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
4.588 M parameters, 18.55 G multiply-accumulates (printed: 4.59 M, 18.68 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'NDDR-CNN'
model = dict(net=dict(
    neck=dict(type='NDDRNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
