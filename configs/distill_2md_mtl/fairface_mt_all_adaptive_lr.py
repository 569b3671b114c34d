"""All three tasks on both domains, the learning rate found by a range test and adapted by the loss instead of a schedule.

    python tools/train.py configs/distill_2md_mtl/fairface_mt_all_adaptive_lr.py
    python tools/plot_curves.py work_dirs/fairface_mt_all_adaptive_lr/seed0 --out curves.png

FairFace subset at 64x64 in seven parts; the controller's rule is ours (docs/mechanisms/learning_rate.md), applied every 25
iterations because there are only 250. Use and limits of the labels: docs/mechanisms/faces.md.
"""

_base_ = ['fairface_mt_all.py']
method = 'MT, adaptive lr'
param_scheduler = []
custom_hooks = [dict(type='LabelCountHook'), dict(type='LRRangeTest', low=1e-5, high=1.0, iters=80),
                dict(type='AdaptiveLR', every=25, up=1.05, down=0.7, tolerance=0.005, momentum=0.9)]
