"""MTFormer as released and as in KDAM's Table 1: segmentation and depth alone; Swin-S, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/mtformer_swinS_nyud_2tasks.py

Recipe: that of mtformer_swinS_nyud.py. 60.91 M parameters; the printed 64.03 M include 3.15 M that the release never uses.
A separate suite: its Delta over two tasks is not comparable with those over four (fact sheet 5.1).
Cost: docs/mechanisms/networks.md. Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mtformer_swinS_nyud.py']
suite, method = 'mtformer_nyud', 'MTFormer'
tasks = dict(semseg={{_base_.tasks.semseg}}, depth={{_base_.tasks.depth}}, _delete_=True)
