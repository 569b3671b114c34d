"""FixMatch (Sohn et al. 2020): confident predictions on an image are the labels of a strongly augmented view.

    python tools/train.py configs/catalogue/fixmatch.py

With partial labels add where='unlabelled' to the link. Synthetic scenes at 64x96. Not tuned, not compared: it shows how the
method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+FixMatch'
model = dict(
    data_preprocessor=dict(student_view=dict(brightness=0.4, hole=0.5)),
    distiller=dict(
        teachers=dict(own=dict(type='EMATeacher', decay=0.0)),
        links=dict(each_task=dict(loss=dict(type='ConfidentLabel', threshold=0.8)))))
