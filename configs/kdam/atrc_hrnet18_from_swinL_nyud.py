"""ATRC on HRNet18 distilled by KDAM from one Swin-L multi-task teacher; NYUD-v2, 425x560.

    python tools/train.py configs/kdam/atrc_hrnet18_from_swinL_nyud.py --with-prerequisites

Recipe: that of ATRC alone; alpha = beta = 1. The paper does not name the teacher of its HRNet18 rows; Swin-L is our choice.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../baselines/atrc_hrnet18_nyud.py']
method = 'ATRC+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
