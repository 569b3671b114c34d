"""ATRC with a genotype searched here; the small MobileNetV3-Large student, 500 iterations.

    python tools/train.py configs/baselines/atrc_searched_mobilenetv3_nyud114.py --with-prerequisites

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. The search is atrc_search_mobilenetv3_nyud114.py: as many iterations on the same training
set; atrc_mobilenetv3_nyud114.py, with the published genotype, needs no search. No pretrained weights.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method = 'ATRC (searched)'
model = dict(net=dict(
    neck=dict(type='ATRCNeck', channels=64,
              genotype=dict(config='configs/baselines/atrc_search_mobilenetv3_nyud114.py')),
    head=dict(_delete_=True, type='LogitsHead', dropout=0.05)))
