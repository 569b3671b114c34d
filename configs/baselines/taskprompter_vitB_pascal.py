"""TaskPrompter: one prompt per task passes through the transformer with the image; ViT-B/16, PASCAL-Context, 512x512.

    python tools/train.py configs/baselines/taskprompter_vitB_pascal.py

Recipe: the released one (pascal_vitBp16_taskprompter.yml: Adam, lr 2e-5, poly 0.9, 40,000 iterations, batch 4 as 2 on each of
2 GPUs, gradients clipped at 10; features summed over tasks). 417.5 M parameters, 1,156 G; docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/taskprompter_vitL.py', '../_base_/datasets/pascal_context.py', '../_base_/schedules/invpt_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_pascal', 'TaskPrompter', 'ViT-B', 'ViT-B'
model = dict(net=dict(
    trunk=dict(channels=780, width=1024, cross_task=True, backbone=dict(
        name='vit_base_patch16_384', out_indices=(2, 5, 8, 11), img_size=(512, 512))),
    head=dict(channels=1024)))
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(clip_grad=dict(max_norm=10))
