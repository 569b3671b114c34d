"""The search for ATRC's genotype; HRNet18, PASCAL-Context, 512x512. Writes genotype.json to its work dir.

    python tools/train.py configs/baselines/atrc_search_hrnet18_pascal.py

Recipe: that of the baseline, mt_hrnet18_pascal.py, for the weights; Adam at a constant 5e-4 for the scores of the contexts,
temperature 1 to 0.05, entropy weight -0.02 to 0.06, pairs frozen at a gap of 0.3 (authors' code, fact sheet 4.3). The
release searches on the training set alone, both optimizers in every step, 40,000 iterations by default.
Result: not run at this size by us; every config is tried with --smoke in the tests. docs/mechanisms/networks.md.
"""

_base_ = ['mt_hrnet18_pascal.py']
method = 'ATRC search'
model = dict(net=dict(
    neck=dict(type='ATRCSearchNeck', channels=67),
    head=dict(_delete_=True, type='LogitsHead')))
optim_wrapper = dict(constructor='PartsConstructor', paramwise_cfg=dict(parts={
    'net.trunk.neck.choice': dict(type='Adam', lr=5e-4, schedule=False)}))
custom_hooks = [dict(type='ContextSearchHook')]
