"""PLE, one shared expert and one per task, mixed after every stage, on three face tasks, trained on both domains.

    python tools/train.py configs/baselines/ple_resnet10_fairface.py

The data, protocol and ResNet-10 of ../distill_2md_mtl/fairface_mt_all.py; the trunk: docs/mechanisms/networks.md.
Result: not trained by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mmoe_resnet10_fairface.py']
method = 'PLE'
model = dict(net=dict(trunk=dict(type='PLETrunk', shared_experts=1, own_experts=1, gate_size=4)))
