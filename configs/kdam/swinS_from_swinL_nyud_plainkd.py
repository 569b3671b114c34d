"""Swin-S distilled from one Swin-L multi-task teacher by plain KD (equation 2, T = 3); NYUD-v2, 425x560.

    python tools/train.py configs/kdam/swinS_from_swinL_nyud_plainkd.py --with-prerequisites

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Table 4.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../baselines/mt_swinS_nyud.py']
method = 'MT+plain KD'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='PlainKD', tau=3.0)))))
