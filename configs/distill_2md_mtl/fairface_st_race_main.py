"""Race alone, trained on the main domain only.

    python tools/train.py configs/distill_2md_mtl/fairface_st_race_main.py

FairFace subset at 64x64 in seven parts, each labelled for one task or none, in two domains; protocol and network are ours:
the source states none. Use and limits of the labels: docs/mechanisms/faces.md.
"""

_base_ = ['fairface_mt_main.py']
method = 'ST'
tasks = dict(_delete_=True, race=_base_.tasks.race)
train_dataloader = dict(dataset=dict(datasets=[_base_.race_main]))
