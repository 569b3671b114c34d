"""Learning to branch, three backbones whose stages choose their parents, on three face tasks, trained on both domains.

    python tools/train.py configs/baselines/ltb_resnet10_fairface.py

The data, protocol and ResNet-10 of ../distill_2md_mtl/fairface_mt_all.py; the trunk: docs/mechanisms/networks.md.
Result: not trained by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../distill_2md_mtl/fairface_mt_all.py']
suite, method = 'fairface_experts', 'LTB'
model = dict(net=dict(
    _delete_=True,
    trunk=dict(type='LTBTrunk',
               backbone=dict(type='TimmBackbone', name='resnet10t', channels=(24, 48, 96, 192), stem_width=16)),
    head=dict(type='MLPHead', channels=256, dropout=0.5)))
