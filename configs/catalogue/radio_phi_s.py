"""AM-RADIO with PHI-S (Ranzinger et al. 2024): features of two teachers, each standardised.

    python tools/train.py configs/catalogue/radio_phi_s.py --with-prerequisites

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+RADIO'
model = dict(distiller=dict(
    teachers=dict(resnet18=dict(config='configs/quickstart/teacher.py'),
                  small=dict(config='configs/quickstart/student.py')),
    links=dict(each_task=[
        dict(student='{task}.feat', teacher=f'{name}:{{task}}.feat', projector=dict(type='NonLinear'), name=name,
             loss=dict(type='RadioSpatial', alpha=0.0, beta=1.0, squared=True, standardise='phi_s', steps=50))
        for name in ('resnet18', 'small')])))
