"""Single-task reference, HRNet18, NYU Depth V2 at 228x308 (the real subset; protocol ours): depth alone (the S_i of the paper's Delta).

    python tools/train.py configs/baselines/st_hrnet18_nyud228_depth.py

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.01, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['mt_hrnet18_nyud228.py']
method = 'ST'
tasks = dict(depth={{_base_.tasks.depth}}, _delete_=True)
