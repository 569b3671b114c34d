"""CA-MKD (Zhang et al., ICASSP 2022): two teachers, weighted by their correctness.

    python tools/train.py configs/catalogue/camkd.py --with-prerequisites

Classes use this method, the other tasks entropy-weighted teachers. Synthetic scenes at 64x96. Not tuned, not compared: it
shows how the method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+CA-MKD'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py'),
                  small=dict(config='configs/quickstart/student.py')),
    links=[
        dict(task='semseg', loss=dict(type='CAMKD'), teacher=['resnet18', 'small']),
        dict(task='semseg', student='semseg.feat', teacher=['resnet18:semseg.feat', 'small:semseg.feat'], weight=50.0,
             loss=dict(type='CAMKDFeatures', classifier='heads.semseg'))] + [
        dict(task=task, loss=dict(type='EBKD'), teacher=['resnet18', 'small']) for task in ('depth', 'normals', 'edge')]))
