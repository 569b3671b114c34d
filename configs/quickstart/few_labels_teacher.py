"""The teacher of the students with few labels: ResNet-18 that knows all 512 labels, 250 iterations (synthetic, 64x96; make demo runs it)

    python tools/train.py configs/quickstart/few_labels_teacher.py
"""

_base_ = ['teacher.py']
suite, method = 'quickstart_few_labels', 'teacher (all 512 labels)'
