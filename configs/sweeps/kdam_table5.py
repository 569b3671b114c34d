"""KDAM, Table 5: plain KD from Swin-L to Swin-T with other betas (at T = 3) and other temperatures (at beta = 1).

    python tools/sweep.py configs/sweeps/kdam_table5.py --data-root data

Cost: 13 trainings of 40,000 iterations per seed, after the teacher's. Not run by us; the tests plan it."""

_BETA, _TAU = 'model.distiller.weight', 'model.distiller.links.each_task.loss.tau'
config = 'configs/kdam/swinT_from_swinL_nyud_plainkd.py'
points = [
    {_BETA: 0.1, _TAU: 3.0}, {_BETA: 0.5, _TAU: 3.0}, {_BETA: 1.0, _TAU: 3.0}, {_BETA: 2.0, _TAU: 3.0},
    {_BETA: 4.0, _TAU: 3.0}, {_BETA: 8.0, _TAU: 3.0}, {_BETA: 16.0, _TAU: 3.0},
    {_BETA: 1.0, _TAU: 0.1}, {_BETA: 1.0, _TAU: 0.5}, {_BETA: 1.0, _TAU: 1.0},
    {_BETA: 1.0, _TAU: 4.0}, {_BETA: 1.0, _TAU: 8.0}, {_BETA: 1.0, _TAU: 16.0}]
labels = {_BETA: 'beta', _TAU: 'T'}
seeds = [0, 1, 2]
references = ['work_dirs/st_swinT_nyud_semseg', 'work_dirs/st_swinT_nyud_depth', 'work_dirs/st_swinT_nyud_normals',
              'work_dirs/st_swinT_nyud_edge']
published, table = 'kdam_nyud', 'Table 5'
title = 'KDAM, Table 5: weight and temperature of plain KD (Swin-L to Swin-T, NYUD-v2)'
