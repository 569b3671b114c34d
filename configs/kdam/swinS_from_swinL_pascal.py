"""Swin-S distilled from one Swin-L multi-task teacher by KDAM: Cauchy-Schwarz inter and intra (equations 4-9, with the squares equation 4 lacks); PASCAL-Context, 512x512.

    python tools/train.py configs/kdam/swinS_from_swinL_pascal.py --with-prerequisites

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Table 3. The paper does not name the teacher of this row; Swin-L is our choice.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../baselines/mt_swinS_pascal.py']
method = 'MT+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_pascal.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
