"""All three tasks at once, trained on both domains.

    python tools/train.py configs/distill_2md_mtl/fairface_mt_all.py

FairFace subset at 64x64 in seven parts, each labelled for one task or none, in two domains; protocol and network are ours:
the source states none. Use and limits of the labels: docs/mechanisms/faces.md.
"""

_base_ = ['../_base_/models/faces_resnet10.py', '../_base_/datasets/fairface_parts.py', '../_base_/schedules/faces_short.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'fairface_parts', 'MT', 'ResNet-10', 'ResNet-10'
train_set = 'main + other'
train_dataloader = dict(dataset=dict(datasets=[*_base_.main, *_base_.other]))
