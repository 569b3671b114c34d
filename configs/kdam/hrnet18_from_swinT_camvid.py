"""HRNet18 distilled from one Swin-T multi-task teacher by KDAM: Cauchy-Schwarz inter and intra (equations 4-9, with the squares equation 4 lacks); CamVid, 240x320 (protocol ours).

    python tools/train.py configs/kdam/hrnet18_from_swinT_camvid.py --with-prerequisites

Recipe: ATRC code base, fact sheet 1.1.4 (SGD, lr 0.01, poly 0.9, 40,000 iterations, batch 8); the paper states none.
Cost and result: not run at this size by us; every config is tried with --smoke in the tests."""

_base_ = ['../baselines/mt_hrnet18_camvid.py']
method = 'MT+KDAM'
model = dict(distiller=dict(
    weight=1.0,
    teachers=dict(swinT=dict(config='configs/baselines/mt_swinT_camvid.py')),
    links=dict(each_task=dict(loss=dict(type='CauchySchwarz')))))
