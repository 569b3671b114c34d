"""Cross-task consistency (Li, Liu and Bilen, CVPR 2022): predictions of one task against labels of another, no teacher.

    python tools/train.py configs/catalogue/cross_task_consistency.py

Synthetic scenes at 64x96 with every label, so that all pairs of tasks are compared; with partial labels, omit sources. Not
tuned, not compared: it shows how the method is configured, and the tests run it for two steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+XTC'
model = dict(distiller=dict(teachers=dict(), links=dict(between_tasks=dict(
    type='CrossTaskConsistency', sources='all', widths=(32, 64, 96), gamma=0.5, weight=2.0))))
