"""Single-task reference, Swin-T, PASCAL-Context, 512x512: semseg alone (the S_i of the paper's Delta).

    python tools/train.py configs/baselines/st_swinT_pascal_semseg.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['mt_swinT_pascal.py']
method = 'ST'
tasks = dict(semseg={{_base_.tasks.semseg}}, _delete_=True)
