"""A small sweep on synthetic scenes: the weight of KDAM's terms, which makes its teacher first (about a minute per run on one core).

    python tools/sweep.py configs/sweeps/quickstart_weight.py --jobs 2
"""

config = 'configs/quickstart/student_kdam.py'
grid = {'model.distiller.weight': [0.0, 0.05, 0.2, 1.0]}
seeds = [0, 1]
references = ['work_dirs/demo']
title = 'Weight of the distillation terms (synthetic scenes)'
