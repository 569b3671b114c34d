"""Gender alone, trained on the main domain only.

    python tools/train.py configs/distill_2md_mtl/fairface_st_gender_main.py

FairFace subset at 64x64 in seven parts, each labelled for one task or none, in two domains; protocol and network are ours:
the source states none. Use and limits of the labels: docs/mechanisms/faces.md.
"""

_base_ = ['fairface_mt_main.py']
method = 'ST'
tasks = dict(_delete_=True, gender=_base_.tasks.gender)
train_dataloader = dict(dataset=dict(datasets=[_base_.gender_main]))
