"""Cross-Stitch in full: a ResNet-18 for each of the four tasks, mixed after every stage; 500 iterations.

    python tools/train.py configs/baselines/crossstitch_full_resnet18_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. No pretrained weights. Cost: docs/mechanisms/networks.md.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method, student, backbone = 'Cross-Stitch (full)', '4 x ResNet-18', 'ResNet-18'
model = dict(net=dict(
    _delete_=True,
    trunk=dict(type='SoftSharedTrunk', unit='cross_stitch', neck=dict(lateral_channels=32),
               backbone=dict(type='TimmBackbone', name='resnet18', pretrained=False, out_indices=(1, 2, 3, 4))),
    head=dict(type='FCNHead', channels=64)))
