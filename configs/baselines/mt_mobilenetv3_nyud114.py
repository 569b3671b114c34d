"""The student alone: MobileNetV3-Large, all four tasks, 1,000 iterations.

    python tools/train.py configs/baselines/mt_mobilenetv3_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
No pretrained weights. Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/mt_mobilenetv3.py', '../_base_/datasets/nyud114.py', '../_base_/schedules/adamw_short.py',
          '../_base_/runtime/short.py']
suite, method, student, backbone = 'nyud114', 'MT', 'MobileNetV3-L', 'MobileNetV3-L'
