"""MultiLeNet on omniglot alone: single-task reference of Table 1 and teacher.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_subset_stl_omniglot.py

SVHN subset (3,935 train, 1,201 val) and Omniglot drawers 1-14 / 15-17, as `unpack.py` writes them; protocol ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['lenet_svhn_omniglot_subset_uniform.py']
method = 'STL'
tasks = dict(omniglot={{_base_.tasks.omniglot}}, _delete_=True)
train_dataloader = {{_base_.omniglot_train_dataloader}}
val_dataloader = {{_base_.omniglot_val_dataloader}}
test_dataloader = {{_base_.omniglot_val_dataloader}}
