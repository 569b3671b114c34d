"""Single-task reference: normals alone (synthetic scenes at 64x96; protocol ours; make demo runs it)

    python tools/train.py configs/quickstart/single_normals.py
"""

_base_ = ['student.py']
method = 'ST'
tasks = dict(normals={{_base_.tasks.normals}}, _delete_=True)
