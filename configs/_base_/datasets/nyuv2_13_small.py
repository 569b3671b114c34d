"""NYUv2-13 reduced for CPUs (ours): as nyuv2_13.py, but everything at 96x128, in training and in scoring, and batch 8.

Images and labels are resized to 96x128 when read, and kept in memory (200 MB for the training set).
"""
_base_ = ['nyuv2_13.py']
data_set = 'NYUv2-13 at 96x128 (trained and scored at that size)'
picture_size = (96, 128)
train_dataloader = dict(batch_size=8, num_workers=0, persistent_workers=False,
                        dataset=dict(size=picture_size, cache='preload'))
val_dataloader = dict(batch_size=8, num_workers=0, dataset=dict(size=picture_size, cache=True))
test_dataloader = dict(batch_size=8, num_workers=0, dataset=dict(size=picture_size, cache=True))
