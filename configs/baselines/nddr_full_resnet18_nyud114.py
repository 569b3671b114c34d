"""NDDR-CNN in full: a ResNet-18 for each of the four tasks, mixed after every stage; 500 iterations.

    python tools/train.py configs/baselines/nddr_full_resnet18_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. No pretrained weights. Cost: docs/mechanisms/networks.md.
"""

_base_ = ['crossstitch_full_resnet18_nyud114.py']
method = 'NDDR-CNN (full)'
model = dict(net=dict(trunk=dict(unit='nddr')))
