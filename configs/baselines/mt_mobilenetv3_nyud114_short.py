"""The baseline of the small-network comparison: the student alone, 500 iterations.

    python tools/train.py configs/baselines/mt_mobilenetv3_nyud114_short.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours:
mt_mobilenetv3_nyud114.py with half its schedule. No pretrained weights.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['mt_mobilenetv3_nyud114.py']
suite = 'nyud114_networks'
train_cfg = dict(max_iters=500)
