"""Single-task reference: edge alone (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/single_edge.py
"""

_base_ = ['student.py']
method = 'ST'
tasks = dict(edge={{_base_.tasks.edge}}, _delete_=True)
