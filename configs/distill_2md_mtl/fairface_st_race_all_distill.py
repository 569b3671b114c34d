"""Race alone and data distillation: pseudo-labels of its single-task teacher, on both domains.

    python tools/train.py configs/distill_2md_mtl/fairface_st_race_all_distill.py --with-prerequisites

FairFace subset at 64x64 in seven parts, each labelled for one task or none, in two domains; protocol and network are ours:
the source states none. Use and limits of the labels: docs/mechanisms/faces.md.
"""

_base_ = ['fairface_st_race_all.py']
method = 'ST + data distillation'
train_dataloader = dict(dataset=dict(datasets=[*_base_.main, *_base_.other, *_base_.unlabelled]))
pseudo_labels = dict(
    teacher=dict(config='configs/distill_2md_mtl/fairface_st_race_all.py'), top_p=0.5,
    transforms=['identity', 'hflip', 'scale:0.9', 'scale:1.1'], lambda_u=1.0, hard=False)
