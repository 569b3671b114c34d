"""Single-task reference, HRNet18, PASCAL-Context, 512x512: edge alone (the S_i of the paper's Delta).

    python tools/train.py configs/baselines/st_hrnet18_pascal_edge.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.005, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['mt_hrnet18_pascal.py']
method = 'ST'
tasks = dict(edge={{_base_.tasks.edge}}, _delete_=True)
