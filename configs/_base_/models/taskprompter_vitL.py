"""TaskPrompter on ViT-L/16 as released for NYUD-v2: one prompt per task, read at the 6th, 12th, 18th and last layer.

Prompt maps and position embeddings are learned for the size of the training crops: a data set with another crop size sets
img_size.
"""
model = dict(
    type='MultiTaskModel',
    net=dict(
        trunk=dict(type='TaskPrompterTrunk', channels=768, width=768, windows=4, backbone=dict(
            type='TimmBackbone', name='vit_large_patch16_384', pretrained=True, out_indices=(5, 11, 17, 23),
            pad_multiple=64, drop_path_rate=0.15, img_size=(448, 576), dynamic_img_size=True)),
        head=dict(type='FCNHead', channels=768, activation='gelu')),
    balance=dict(type='WeightedSum', alpha=1.0),
    data_preprocessor=dict(type='Preprocessor'))
