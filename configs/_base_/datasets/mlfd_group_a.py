"""MLFD's group A at 224x224: CIFAR-100, Tiny-ImageNet and ImageNet-Sketch; a batch of all is 64 of each.

The authors augment with AutoAugment; here: flips and colour jitter. Resized to a square, as in their code.
"""
data_set = 'CIFAR-100, Tiny-ImageNet and ImageNet-Sketch (MLFD splits)'
tasks = dict(
    cifar100=dict(type='Classification', num_classes=100, weight=1.0),
    tiny_imagenet=dict(type='Classification', num_classes=200, weight=1.0),
    sketch=dict(type='Classification', num_classes=1000, weight=1.0),
)
train_pipeline = [dict(type='Resize', size=(224, 224)), dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]
test_pipeline = [dict(type='Resize', size=(224, 224))]
cifar100_train = dict(type='TorchvisionImages', source='CIFAR100', protocol='mlfd', task='cifar100', name='CIFAR-100', data_root='cifar100', size=32, split='train', pipeline=train_pipeline)
cifar100_test = dict(type='TorchvisionImages', source='CIFAR100', protocol='mlfd', task='cifar100', name='CIFAR-100', data_root='cifar100', size=32, split='val', pipeline=test_pipeline)
tiny_imagenet_train = dict(type='TinyImageNet', task='tiny_imagenet', name='Tiny-ImageNet', data_root='tiny-imagenet-200', split='train', pipeline=train_pipeline)
tiny_imagenet_test = dict(type='TinyImageNet', task='tiny_imagenet', name='Tiny-ImageNet', data_root='tiny-imagenet-200', split='val', pipeline=test_pipeline)
sketch_train = dict(type='ImageNetSketch', task='sketch', name='ImageNet-Sketch', data_root='imagenet-sketch', split='train', pipeline=train_pipeline)
sketch_test = dict(type='ImageNetSketch', task='sketch', name='ImageNet-Sketch', data_root='imagenet-sketch', split='val', pipeline=test_pipeline)

train_dataloader = dict(
    batch_size=192, num_workers=8, persistent_workers=True, sampler=dict(type='MixSampler', quotas=[64, 64, 64]),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[cifar100_train, tiny_imagenet_train, sketch_train]))
val_dataloader = dict(
    batch_size=192, num_workers=8, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[cifar100_test, tiny_imagenet_test, sketch_test]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# A single set: merge this into the loaders above.
cifar100_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[cifar100_train]))
cifar100_test_dataloader = dict(dataset=dict(datasets=[cifar100_test]))
tiny_imagenet_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[tiny_imagenet_train]))
tiny_imagenet_test_dataloader = dict(dataset=dict(datasets=[tiny_imagenet_test]))
sketch_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[sketch_train]))
sketch_test_dataloader = dict(dataset=dict(datasets=[sketch_test]))
del cifar100_train, cifar100_test, tiny_imagenet_train, tiny_imagenet_test, sketch_train, sketch_test, train_pipeline, test_pipeline
