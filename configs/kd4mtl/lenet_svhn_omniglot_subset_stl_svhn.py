"""MultiLeNet on svhn alone: single-task reference of Table 1 and teacher.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_subset_stl_svhn.py

SVHN subset (3,935 train, 1,201 val) and Omniglot drawers 1-14 / 15-17, as `unpack.py` writes them; protocol ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['lenet_svhn_omniglot_subset_uniform.py']
method = 'STL'
tasks = dict(svhn={{_base_.tasks.svhn}}, _delete_=True)
train_dataloader = {{_base_.svhn_train_dataloader}}
val_dataloader = {{_base_.svhn_val_dataloader}}
test_dataloader = {{_base_.svhn_val_dataloader}}
