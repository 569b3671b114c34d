"""Two tasks on this package's data set, balanced by its geometric mean.

    python tools/train.py projects/example_plugin/configs/mt_discs.py

No data and no downloads.
"""

_base_ = ['teacher_synthetic.py']
custom_imports = dict(imports=['mtkd_example_plugin'])
method, data_set = 'MT, geometric mean', 'discs at 64x96 (64 train, 16 val)'
tasks = dict(_delete_=True, semseg=dict(type='SemanticSegmentation', num_classes=4), depth=dict(type='Depth'))
model = dict(balance=dict(_delete_=True, type='GeometricMean'))
train_dataloader = dict(dataset=dict(_delete_=True, type='Discs', split='train', pipeline=[dict(type='RandomHFlip')]))
val_dataloader = dict(dataset=dict(_delete_=True, type='Discs', split='val', num_samples=16))
test_dataloader = dict(dataset=dict(_delete_=True, type='Discs', split='val', num_samples=16))
