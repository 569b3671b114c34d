"""A small ResNet for 64x64 faces (ours): timm's ResNet-10 narrowed, pooled; a two-layer head per task. 0.75 M."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='resnet10t', pretrained=False, out_indices=(4,),
                      channels=(24, 48, 96, 192), stem_width=16),
        neck=dict(type='PoolNeck'),
        head=dict(type='MLPHead', channels=256, dropout=0.5)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', channels_last=True))
