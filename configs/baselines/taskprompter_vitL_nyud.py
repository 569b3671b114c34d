"""TaskPrompter: one prompt per task passes through the transformer with the image; ViT-L/16, NYUD-v2, 448x576.

    python tools/train.py configs/baselines/taskprompter_vitL_nyud.py

Recipe: the released one (nyud_vitLp16_taskprompter.yml: Adam, lr 1e-5, poly 0.9, 40,000 iterations, batch 4 as 2 on each of 2
GPUs, gradients clipped at 10). 512.5 M parameters, 844 G; docs/mechanisms/networks.md.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/taskprompter_vitL.py', '../_base_/datasets/nyud_448x576.py', '../_base_/schedules/invpt_40k.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_nyud', 'TaskPrompter', 'ViT-L', 'ViT-L'
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(lr=1e-5), clip_grad=dict(max_norm=10))
