"""MTI-Net as the survey defines it (KDAM prints the cost of another form); the small MobileNetV3-Large student, 500 iterations.

    python tools/train.py configs/baselines/mtinet_mobilenetv3_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. No pretrained weights. Cost: docs/mechanisms/networks.md.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method = 'MTI-Net (approx.)'
model = dict(net=dict(
    neck=dict(type='MTINetNeck'),
    head=dict(_delete_=True, type='PointwiseHead')))
