"""ResNet-18, pooled, and a two-layer head per task: the recommended default for faces (fact sheet 1.4.2; ours)."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='resnet18', pretrained=True, out_indices=(4,)),
        neck=dict(type='PoolNeck'),
        head=dict(type='MLPHead', channels=256, dropout=0.5)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor'))
