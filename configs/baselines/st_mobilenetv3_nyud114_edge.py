"""Single-task reference of the half-resolution student: edge alone.

    python tools/train.py configs/baselines/st_mobilenetv3_nyud114_edge.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours.
No pretrained weights. Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['mt_mobilenetv3_nyud114.py']
method = 'ST'
tasks = dict(edge={{_base_.tasks.edge}}, _delete_=True)
