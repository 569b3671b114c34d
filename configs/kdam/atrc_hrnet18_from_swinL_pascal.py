"""ATRC on HRNet18 distilled by KDAM from one Swin-L multi-task teacher; PASCAL-Context, 512x512.

    python tools/train.py configs/kdam/atrc_hrnet18_from_swinL_pascal.py --with-prerequisites

Recipe: that of ATRC alone; alpha = beta = 1. The paper does not name the teacher of its HRNet18 rows; Swin-L is our choice.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../baselines/atrc_hrnet18_pascal.py']
method = 'ATRC+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_pascal.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
