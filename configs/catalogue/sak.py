"""SAK (Lu, Cao and Wang, ICLR 2025): a path of adapters for each of two teachers, and routers that mix them for the tasks.

    python tools/train.py configs/catalogue/sak.py --with-prerequisites

ViT-Ti with patches of 8 pixels instead of the paper's ViT-B; teachers of other shapes instead of foundation models. Their
taps differ from the paths, so each link has a projector. The paper compares four layers of each teacher; these teachers
provide one final feature per task. Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is
configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method, student, backbone = 'catalogue', 'MT+SAK', 'ViT-Ti', 'ViT-Ti'
model = dict(
    net=dict(
        _delete_=True,
        trunk=dict(type='SAKTrunk', teachers=['resnet18', 'small'], backbone=dict(
            type='TimmBackbone', name='vit_tiny_patch16_224', patch_size=8, img_size=(64, 96), dynamic_img_size=True,
            out_indices=(2, 5, 8, 11), pad_multiple=8)),
        head=dict(type='FCNHead', channels=64, activation='gelu')),
    distiller=dict(
        teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py'),
                      small=dict(config='configs/quickstart/student.py')),
        links=dict(each_task=[
            dict(student=f'{name}.path3', teacher=f'{name}:{{task}}.feat', projector=dict(type='Linear1x1'), name=name,
                 loss=dict(type='RadioSpatial', over='image'))
            for name in ('resnet18', 'small')])))
