"""MTFormer (approximate), 64 channels wide, windows of 4; the small MobileNetV3-Large student, 500 iterations.

    python tools/train.py configs/baselines/mtformer_mobilenetv3_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. As in the paper, the neck reads strides 8, 16 and 32 and works at 8, and the contrast
between the tasks has the weight 0.01. No pretrained weights. Cost: docs/mechanisms/networks.md.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method = 'MTFormer (approx.)'
model = dict(
    net=dict(
        backbone=dict(out_indices=(2, 3, 4)),
        neck=dict(type='MTFormerNeck', channels=64, window=4),
        head=dict(_delete_=True, type='PointwiseHead')),
    distiller=dict(teachers=dict(), links=dict(between_tasks=dict(samples=795))))
