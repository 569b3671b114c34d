"""The small PSD student with KDAM from one ResNet-34 teacher.

    python tools/train.py configs/kdam/psd_mobilenetv3_from_resnet34_nyud114.py --with-prerequisites

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
No pretrained weights. Cost: docs/mechanisms/networks.md.
"""

_base_ = ['../baselines/psd_mobilenetv3_nyud114.py']
method = 'PSD (approx.)+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(resnet34=dict(config='configs/baselines/mt_resnet34_nyud114.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
