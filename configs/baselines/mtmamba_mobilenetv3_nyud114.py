"""MTMamba's decoder, 32 channels wide; the small MobileNetV3-Large student, 500 iterations.

    python tools/train.py configs/baselines/mtmamba_mobilenetv3_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. No pretrained weights; the finest scale is not upsampled (expand=1). Cost:
docs/mechanisms/networks.md. Result: not trained by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method = 'MTMamba'
model = dict(net=dict(
    neck=dict(type='MTMambaNeck', lateral_channels=32, states=8, expand=1),
    head=dict(_delete_=True, type='LogitsHead')))
