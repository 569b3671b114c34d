"""The half-resolution student with KDAM: Cauchy-Schwarz inter and intra (equations 4-9, with the squares equation 4 lacks).

    python tools/train.py configs/kdam/mobilenetv3_from_resnet34_nyud114.py --with-prerequisites

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
No pretrained weights. Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../baselines/mt_mobilenetv3_nyud114.py']
method = 'MT+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(resnet34=dict(config='configs/baselines/mt_resnet34_nyud114.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
