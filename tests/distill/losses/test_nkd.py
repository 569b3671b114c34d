from mtkd.distill.losses import NKD

from .official import check


def test_official_values_and_gradients():
    check(NKD(), 'nkd')
    check(NKD(temperature=2.0), 'nkd_T2')
