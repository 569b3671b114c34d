"""Individual teacher of UCF-101, a ResNet-18 per frame; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/action_ucf101.py

Not run here: the data sets are not available. 8 frames and averaged logits: fact sheet 1.3.3 (ours, not given in the paper);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames instead of 192 images; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_action_resnet18.py', '../_base_/datasets/mlfd_action.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_actions', 'Dataset-specific', 'ResNet-18 (8 frames)', 'action sets'
tasks = dict(ucf101={{_base_.tasks.ucf101}}, _delete_=True)
train_dataloader = {{_base_.ucf101_train_dataloader}}
val_dataloader = {{_base_.ucf101_test_dataloader}}
test_dataloader = {{_base_.ucf101_test_dataloader}}
