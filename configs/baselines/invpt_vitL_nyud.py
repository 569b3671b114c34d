"""InvPT: attention between the positions of all tasks, at increasing resolution; ViT-L/16, NYUD-v2, 448x576.

    python tools/train.py configs/baselines/invpt_vitL_nyud.py

Recipe: InvPT's own, fact sheet 4.3 (Adam, lr 2e-5, poly 0.9, 40,000 iterations, batch 6).
395.5 M parameters, 597 G; docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/invpt_vitL.py', '../_base_/datasets/nyud_448x576.py', '../_base_/schedules/invpt_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_nyud', 'InvPT', 'ViT-L', 'ViT-L'
