"""The student with few labels, alone: 8 of the 512 scenes are labelled, 150 iterations of 8 labelled scenes (synthetic, 64x96; make demo runs it)

    python tools/train.py configs/quickstart/few_labels_student.py
"""

_base_ = ['student.py']
suite, method = 'quickstart_few_labels', 'student alone'
data_set = 'synthetic scenes at 64x96 (512 train, of which 8 labelled; 64 val)'
train_dataloader = dict(sampler=dict(type='LabelledSampler'), dataset=dict(keep_labels=dict(share=0.015625, seed=0)))
