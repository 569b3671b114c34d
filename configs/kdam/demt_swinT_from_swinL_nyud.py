"""DeMT on Swin-T distilled by KDAM from one Swin-L multi-task teacher (Table 2); NYUD-v2, 425x560.

    python tools/train.py configs/kdam/demt_swinT_from_swinL_nyud.py --with-prerequisites

Recipe: that of DeMT alone; alpha = beta = 1.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../baselines/demt_swinT_nyud.py']
method = 'DeMT+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
