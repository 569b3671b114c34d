"""CWD (Shu et al. 2021): the spatial distribution of each channel.

    python tools/train.py configs/catalogue/scenes_cwd.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'CWD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='ChannelWise', tau=4.0), weight=3.0)]))
