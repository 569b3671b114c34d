"""Table 5a: plain KD (T = 3) with beta = 0.5.

    python tools/train.py configs/kdam/ablations/swinT_from_swinL_nyud_plainkd_beta0.5.py --with-prerequisites

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../../baselines/mt_swinT_nyud.py']
method = 'MT+plain KD (beta 0.5)'
model = dict(distiller=dict(
    weight=0.5,
    teachers=dict(swinL=dict(config='configs/baselines/mt_swinL_nyud.py')),
    links=dict(each_task=dict(loss=dict(type='PlainKD', tau=3.0)))))
