"""Shared HRNet18 trunk with FCN heads (fact sheet 1.1.6: 4.516 M parameters on NYUD, 4.678 M on PASCAL)."""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='hrnet_w18_small_v2', pretrained=True, out_indices=(1, 2, 3, 4),
                      feature_location=''),
        neck=dict(type='ConcatNeck'),
        head=dict(type='FCNHead', channels=67)),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor'))
