"""MTMamba: a decoder of selective scans, each task's own and across tasks; Swin-L, NYUD-v2, 448x576.

    python tools/train.py configs/baselines/mtmamba_swinL_nyud.py

Recipe: the released one (mtmamba_nyud.yml of EnVision-Research/MTMamba a0b4f0b: AdamW, lr 1e-4, weight decay 1e-5, poly 0.9,
50,000 iterations). The release minimises the sum of the losses' logarithms; GLS has the same direction. Batches of 8, one
image on each of 8 GPUs. 308.0 M parameters; docs/mechanisms/networks.md. Result: not run at this size by us; every config is
tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/mt_swinL.py', '../_base_/datasets/nyud_448x576.py', '../_base_/schedules/invpt_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_nyud', 'MTMamba', 'Swin-L', 'Swin-L'
tasks = dict(normals=dict(weight=1.0), edge=dict(weight=1.0))
model = dict(
    net=dict(
        backbone=dict(name='swin_large_patch4_window12_384'),
        neck=dict(type='MTMambaNeck'),
        head=dict(_delete_=True, type='LogitsHead')),
    balance=dict(_delete_=True, type='GLS'))
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=1e-4, weight_decay=1e-5))
train_cfg = dict(max_iters=50000)
train_dataloader = dict(batch_size=8)
