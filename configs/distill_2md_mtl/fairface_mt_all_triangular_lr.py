"""All three tasks on both domains, a triangular learning rate between the bounds found by a range test.

    python tools/train.py configs/distill_2md_mtl/fairface_mt_all_triangular_lr.py
    python tools/plot_curves.py work_dirs/fairface_mt_all_triangular_lr/seed0 --out curves.png

FairFace subset at 64x64 in seven parts; bounds and period are ours (docs/mechanisms/learning_rate.md). Use and limits of the
labels: docs/mechanisms/faces.md.
"""

_base_ = ['fairface_mt_all.py']
method = 'MT, triangular lr'
param_scheduler = [dict(type='TriangularLR', period=125, by_epoch=False)]
custom_hooks = [dict(type='LabelCountHook'), dict(type='LRRangeTest', low=1e-5, high=1.0, iters=80)]
