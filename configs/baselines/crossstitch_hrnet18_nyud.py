"""Cross-Stitch, lite: one unit on the tasks' features after a shared trunk; HRNet18, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/crossstitch_hrnet18_nyud.py

Recipe: that of the baseline, mt_hrnet18_nyud.py, which Table 1 of KDAM compares with.
4.517 M parameters, 17.48 G multiply-accumulates (printed: 4.52 M, 17.59 G); docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_hrnet18_nyud.py']
method = 'Cross-Stitch'
model = dict(net=dict(
    neck=dict(type='CrossStitchNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
