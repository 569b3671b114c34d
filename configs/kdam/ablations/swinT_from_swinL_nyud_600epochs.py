"""Table 7: KDAM student trained 600 epochs (60,000 iterations of 8, as 40,000 are 400).

    python tools/train.py configs/kdam/ablations/swinT_from_swinL_nyud_600epochs.py --with-prerequisites

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../../baselines/mt_swinT_nyud.py']
method = 'MT+KDAM (600 epochs)'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
train_cfg = dict(max_iters=60000)
