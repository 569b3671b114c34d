"""The search for ATRC's genotype; the small MobileNetV3-Large student, 500 iterations. Writes genotype.json.

    python tools/train.py configs/baselines/atrc_search_mobilenetv3_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. The scores learn at 1e-2 instead of 5e-4 (ours), because 500 steps of Adam at 5e-4 would
leave every choice undecided. No pretrained weights. Schedules: atrc_search_hrnet18_nyud.py.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method = 'ATRC search'
model = dict(net=dict(
    neck=dict(type='ATRCSearchNeck', channels=64),
    head=dict(_delete_=True, type='LogitsHead')))
optim_wrapper = dict(constructor='PartsConstructor', paramwise_cfg=dict(parts={
    'net.trunk.neck.choice': dict(type='Adam', lr=1e-2, schedule=False)}))
custom_hooks = [dict(type='ContextSearchHook')]
