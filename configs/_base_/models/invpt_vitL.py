"""InvPT on ViT-L/16 (fact sheet 4.3): features of its 6th, 12th, 18th and last layer, the last normalised; the decoder as released.

As in the release, position embeddings are learned for the size of the training crops: a data set with another crop size sets
img_size.
Images are normalised with ImageNet's statistics, as the release does (these weights were trained with mean .5 and std .5).
"""
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='vit_large_patch16_384', pretrained=True, out_indices=(5, 11, 17, 23),
                      stage_norm='last', pad_multiple=16, drop_path_rate=0.15, img_size=(448, 576), dynamic_img_size=True),
        neck=dict(type='InvPTNeck'),
        head=dict(type='LogitsHead')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor', mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)))
