"""KDAM, Table 6: the inter term, the intra term, both, and none (Swin-L to Swin-T).

    python tools/sweep.py configs/sweeps/kdam_table6.py --data-root data

Cost: 4 trainings of 40,000 iterations per seed, after the teacher's. Not run by us; the tests plan it."""

_TERMS = 'model.distiller.links.each_task.loss.terms'
config = 'configs/kdam/swinT_from_swinL_nyud.py'
points = [{'config': 'configs/baselines/mt_swinT_nyud.py'},  # no distillation at all
          {_TERMS: ('intra',)}, {_TERMS: ('inter',)}, {_TERMS: ('inter', 'intra')}]
labels = {_TERMS: 'terms'}
seeds = [0, 1, 2]
references = ['work_dirs/st_swinT_nyud_semseg', 'work_dirs/st_swinT_nyud_depth', 'work_dirs/st_swinT_nyud_normals',
              'work_dirs/st_swinT_nyud_edge']
published, table = 'kdam_nyud', 'Table 6'
title = 'KDAM, Table 6: inter and intra term (Swin-L to Swin-T, NYUD-v2)'
