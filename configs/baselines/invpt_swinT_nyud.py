"""InvPT on Swin-T (no configuration was released: ours is approximate); NYUD-v2, 448x576 (Table 2 of KDAM).

    python tools/train.py configs/baselines/invpt_swinT_nyud.py

Recipe: InvPT's own, as invpt_vitL_nyud.py; KDAM states none. 94.9 M parameters, 258 G; docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/mt_swinT.py', '../_base_/datasets/nyud_448x576.py', '../_base_/schedules/invpt_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_nyud', 'InvPT (approx.)', 'Swin-T', 'Swin-T'
model = dict(net=dict(
    neck=dict(type='InvPTNeck'),
    head=dict(_delete_=True, type='LogitsHead')))
