"""IFVD (Wang et al. 2020): the similarity of features to the mean of their class.

    python tools/train.py configs/catalogue/scenes_ifvd.py --with-prerequisites

Synthetic scenes at 64x96, semantic segmentation. Not tuned, not compared: it shows how the method is configured, and the tests run it
for two steps.
"""

_base_ = ['scenes_student.py']
method = 'IFVD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py')),
    links=[dict(task='semseg', loss=dict(type='IFVD', classes=15), student='shared', weight=50.0)]))
