"""NYUv2 with 13 classes as MTAN prepared it: segmentation, depth and normals at 288x384, batch 2 (fact sheet 1.2.3, 2.3).

795 training images; the release's val has 654, another copy may have fewer. No augmentation, as in KD4MTL; MTAN's own is
RandomScaleCrop and RandomHFlip. KD4MTL feeds its networks [0, 1] without ImageNet's normalisation: set
data_preprocessor=dict(type='Preprocessor', mean=(0, 0, 0), std=(255, 255, 255)) in the model; teachers use the preprocessor
of their own config.
The losses are the paper's: CE, L1, 1 - cos, weight 1 each. Metrics are reported both ways, over pixels and per image
(legacy_..., what the paper prints).
"""
data_set = 'NYUv2-13 at 288x384'
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=13, weight=1.0,
                metric=dict(absent='ignore', legacy_per_image=True)),
    depth=dict(type='Depth', weight=1.0, metric=dict(legacy_per_image=True)),
    normals=dict(type='Normals', weight=1.0, loss=dict(type='CosineNormals'), metric=dict(legacy_per_image=True)))

train_dataloader = dict(
    batch_size=2, num_workers=4, persistent_workers=True,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='NYUv2MTAN', data_root='nyuv2', split='train', pipeline=[]))
val_dataloader = dict(
    batch_size=2, num_workers=2, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='NYUv2MTAN', data_root='nyuv2', split='val', pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
