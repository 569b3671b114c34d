"""Single-task reference: depth alone (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/single_depth.py
"""

_base_ = ['student.py']
method = 'ST'
tasks = dict(depth={{_base_.tasks.depth}}, _delete_=True)
