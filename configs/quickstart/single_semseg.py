"""Single-task reference: semseg alone (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/single_semseg.py
"""

_base_ = ['student.py']
method = 'ST'
tasks = dict(semseg={{_base_.tasks.semseg}}, _delete_=True)
