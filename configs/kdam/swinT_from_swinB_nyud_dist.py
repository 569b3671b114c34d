"""Swin-T distilled from one Swin-B multi-task teacher by DIST (1 - Pearson, inter and intra); NYUD-v2, 425x560.

    python tools/train.py configs/kdam/swinT_from_swinB_nyud_dist.py --with-prerequisites

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Table 4.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../baselines/mt_swinT_nyud.py']
method = 'MT+DIST'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinB=dict(config='configs/baselines/mt_swinB_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='DIST')))))
