"""Single-task reference of the half-resolution student: semseg alone.

    python tools/train.py configs/baselines/st_mobilenetv3_nyud114_semseg.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
No pretrained weights. Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['mt_mobilenetv3_nyud114.py']
method = 'ST'
tasks = dict(semseg={{_base_.tasks.semseg}}, _delete_=True)
