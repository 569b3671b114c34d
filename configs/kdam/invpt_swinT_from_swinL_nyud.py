"""InvPT on Swin-T (approximate) distilled by KDAM from one Swin-L multi-task teacher (Table 2); NYUD-v2, 448x576.

    python tools/train.py configs/kdam/invpt_swinT_from_swinL_nyud.py --with-prerequisites

Recipe: that of InvPT alone; alpha = beta = 1.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../baselines/invpt_swinT_nyud.py']
method = 'InvPT (approx.)+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
