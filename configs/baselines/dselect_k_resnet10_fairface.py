"""DSelect-k: each of three face tasks mixes at most two of four experts, trained on both domains.

    python tools/train.py configs/baselines/dselect_k_resnet10_fairface.py

The data, protocol and ResNet-10 of ../distill_2md_mtl/fairface_mt_all.py; the trunk: docs/mechanisms/networks.md.
Result: not trained by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../distill_2md_mtl/fairface_mt_all.py']
suite, method = 'fairface_experts', 'DSelect-k'
model = dict(net=dict(
    _delete_=True,
    trunk=dict(type='DSelectKTrunk', shared_experts=4, select=2, gate_size=8,
               backbone=dict(type='TimmBackbone', name='resnet10t', channels=(24, 48, 96, 192), stem_width=16)),
    head=dict(type='MLPHead', channels=256, dropout=0.5)))
