"""InvPT: attention between the positions of all tasks, at increasing resolution; ViT-L/16, PASCAL-Context, 512x512.

    python tools/train.py configs/baselines/invpt_vitL_pascal.py

Recipe: InvPT's own, fact sheet 4.3 (Adam, lr 2e-5, poly 0.9, 40,000 iterations, batch 6).
416.0 M parameters, 667 G; docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/invpt_vitL.py', '../_base_/datasets/pascal_context.py', '../_base_/schedules/invpt_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_pascal', 'InvPT', 'ViT-L', 'ViT-L'
model = dict(net=dict(backbone=dict(img_size=(512, 512))))
train_dataloader = dict(batch_size=6)
