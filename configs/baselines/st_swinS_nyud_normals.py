"""Single-task reference, Swin-S, NYUD-v2, 425x560: normals alone (the S_i of the paper's Delta).

    python tools/train.py configs/baselines/st_swinS_nyud_normals.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['mt_swinS_nyud.py']
method = 'ST'
tasks = dict(normals={{_base_.tasks.normals}}, _delete_=True)
