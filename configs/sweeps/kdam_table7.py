"""KDAM, Table 7: the student trained for 100 to 600 epochs (an epoch is 100 iterations of batch 8, so that 40,000 iterations are 400 epochs).

    python tools/sweep.py configs/sweeps/kdam_table7.py --data-root data

Cost: 160,000 iterations per seed, after the teacher's. Not run by us; the tests plan it."""

config = 'configs/kdam/swinT_from_swinL_nyud.py'
grid = {'train_cfg.max_iters': [10000, 20000, 30000, 40000, 60000]}
labels = {'train_cfg.max_iters': 'iterations'}
seeds = [0, 1, 2]
references = ['work_dirs/st_swinT_nyud_semseg', 'work_dirs/st_swinT_nyud_depth', 'work_dirs/st_swinT_nyud_normals',
              'work_dirs/st_swinT_nyud_edge']
published, table = 'kdam_nyud', 'Table 7'
title = 'KDAM, Table 7: length of the student\'s training (Swin-L to Swin-T, NYUD-v2)'
