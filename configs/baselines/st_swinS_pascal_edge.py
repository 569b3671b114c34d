"""Single-task reference, Swin-S, PASCAL-Context, 512x512: edge alone (the S_i of the paper's Delta).

    python tools/train.py configs/baselines/st_swinS_pascal_edge.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.001, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['mt_swinS_pascal.py']
method = 'ST'
tasks = dict(edge={{_base_.tasks.edge}}, _delete_=True)
