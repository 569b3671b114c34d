"""CIRKD (Yang et al. 2022): relations between pixels of pairs of images, and to a memory of each class.

    python tools/train.py configs/catalogue/scenes_cirkd.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'CIRKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='CrossImage'), student='shared'),
           dict(task='semseg', loss=dict(type='ClassMemory', classes=15, pixel_queue=2000, region_queue=200), student='shared', weight=0.1)]))
