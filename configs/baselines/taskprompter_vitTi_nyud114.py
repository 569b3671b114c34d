"""TaskPrompter on a small scale: ViT-Ti with patches of 8 pixels, features 64 wide and summed over tasks, 500 iterations.

    python tools/train.py configs/baselines/taskprompter_vitTi_nyud114.py

NYU Depth V2, 795 train / 304 val, half resolution (images 114x154, crops 96x128, scored at 228x308); protocol ours, that of
mt_mobilenetv3_nyud114_short.py. No pretrained weights. Cost: docs/mechanisms/networks.md.
Result: not trained by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_mobilenetv3_nyud114_short.py']
method, student, backbone = 'TaskPrompter', 'ViT-Ti', 'ViT-Ti'
model = dict(net=dict(
    _delete_=True,
    trunk=dict(type='TaskPrompterTrunk', channels=64, width=64, windows=2, cross_task=True, backbone=dict(
        type='TimmBackbone', name='vit_tiny_patch16_224', patch_size=8, img_size=(96, 128), dynamic_img_size=True,
        out_indices=(2, 5, 8, 11), pad_multiple=16)),
    head=dict(type='FCNHead', channels=64, activation='gelu')))
