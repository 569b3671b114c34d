"""Individual teacher of HMDB-51, an EfficientNet-B0 per frame; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/action_hmdb51.py

Not run here: the data sets are not available. 8 frames and averaged logits: fact sheet 1.3.3 (ours, not given in the paper);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames instead of 192 images; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_action_effb0.py', '../_base_/datasets/mlfd_action.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_actions', 'Dataset-specific', 'EfficientNet-B0 (8 frames)', 'action sets'
tasks = dict(hmdb51={{_base_.tasks.hmdb51}}, _delete_=True)
train_dataloader = {{_base_.hmdb51_train_dataloader}}
val_dataloader = {{_base_.hmdb51_test_dataloader}}
test_dataloader = {{_base_.hmdb51_test_dataloader}}
