"""The papers' rows against the recomputed column of the fact sheet (1.1.5), which was computed independently of this code.
"""

import pytest

from mtkd.leaderboard import aggregate, published

NYUD = [
    ('Table 1', 'ST', 'HRNet18', 0), ('Table 1', 'MT', 'HRNet18', -1.88), ('Table 1', 'MT+KDAM', 'HRNet18', -1.53),
    ('Table 1', 'Cross-Stitch', 'HRNet18', -1.74), ('Table 1', 'PAD-Net', 'HRNet18', -1.32),
    ('Table 1', 'PAP', 'HRNet18', -0.95), ('Table 1', 'PSD', 'HRNet18', -1.31),
    ('Table 1', 'NDDR-CNN', 'HRNet18', -1.52), ('Table 1', 'MTI-Net', 'HRNet18', -1.45),
    ('Table 1', 'ATRC', 'HRNet18', 1.55), ('Table 1', 'ATRC+KDAM', 'HRNet18', 2.09),
    ('Table 1', 'ST', 'Swin-T', 0), ('Table 1', 'MT', 'Swin-T', -3.60), ('Table 1', 'MT+KDAM', 'Swin-T', 1.16),
    ('Table 1', 'ST', 'Swin-S', 0), ('Table 1', 'MT', 'Swin-S', -1.97), ('Table 1', 'MT+KDAM', 'Swin-S', 1.40),
    ('Table 1', 'MTFormer (2 tasks)', 'Swin-?', 10.07), ('Table 4', 'MT (teacher)', 'Swin-L', -2.36),
    ('Table 4', 'MT (teacher)', 'Swin-B', -3.54),
]  # fmt: skip
TABLE_4 = {
    ('Swin-L', 'Swin-T'): (1.25, 0.67, 1.28),
    ('Swin-L', 'Swin-S'): (0.98, 1.63, 1.40),
    ('Swin-B', 'Swin-T'): (0.67, 1.24, 1.63),
}
PASCAL = [
    ('ST', 'HRNet18', 0), ('MT', 'HRNet18', -6.78), ('MT+KDAM', 'HRNet18', -6.01), ('PAD-Net', 'HRNet18', -10.48),
    ('ATRC', 'HRNet18', -4.45), ('MQTransformer', 'HRNet18', -4.34), ('ATRC+KDAM', 'HRNet18', -4.01),
    ('ST', 'Swin-T', 0), ('MT', 'Swin-T', -5.24), ('MT+KDAM', 'Swin-T', -2.62),
    ('ST', 'Swin-S', 0), ('MT', 'Swin-S', -3.98), ('MT+KDAM', 'Swin-S', -2.64),
]  # fmt: skip
COUNTS = {'kdam_nyud': 60, 'kdam_pascal': 13, 'kd4mtl_nyuv2': 22, 'kd4mtl_cityscapes': 13, 'kd4mtl_svhn_omniglot': 7}


def rows(suite):
    return aggregate.board([], suite).reported


def test_all_suites_are_there_and_whole():
    assert published.suites() == sorted(COUNTS)
    for suite, count in COUNTS.items():
        loaded = published.load(suite)
        assert loaded.suite == suite
        assert len(loaded.rows) == count
        keys = [(row.table, row.method, row.backbone, row.teachers) for row in loaded.rows]
        assert len(set(keys)) == len(keys)
        assert all(row.source.endswith(row.table) for row in loaded.rows)


def test_recomputed_deltas_of_kdam_nyud():
    found = {(row.table, row.method, row.backbone): row.delta.mean for row in rows('kdam_nyud')}
    for table, method, backbone, delta in NYUD:
        assert found[table, method, backbone] == pytest.approx(delta, abs=0.02), (method, backbone)


def test_recomputed_deltas_of_the_distillation_methods():
    pairs = {(*row.teachers, row.backbone, row.method): row for row in rows('kdam_nyud') if row.table == 'Table 4'}
    for (teacher, student), deltas in TABLE_4.items():
        for method, delta in zip(('plain KD', 'DIST', 'KDAM'), deltas, strict=True):
            assert pairs[teacher, student, f'MT+{method}'].delta.mean == pytest.approx(delta, abs=0.02)


def test_recomputed_deltas_of_kdam_pascal():
    found = {(row.method, row.backbone): row.delta.mean for row in rows('kdam_pascal')}
    for method, backbone, delta in PASCAL:
        assert found[method, backbone] == pytest.approx(delta, abs=0.02), (method, backbone)
    assert len(found) == len(PASCAL)


def test_printed_deltas_that_do_not_follow_are_kept_and_noted():
    for suite in ('kdam_nyud', 'kdam_pascal'):
        for row in rows(suite):
            if row.printed_delta and abs(float(row.printed_delta) - row.delta.mean) > 0.5:
                assert row.notes, (row.method, row.backbone)
    [row] = [row for row in rows('kdam_nyud') if (row.method, row.backbone) == ('MT+KDAM', 'HRNet18')]
    assert row.printed_delta == '-0.73'


def test_digits_stay_as_printed():
    table = {(row.table, row.method, row.backbone): row.metrics for row in rows('kdam_nyud')}
    swin = table['Table 1', 'MT+KDAM', 'Swin-T']
    assert [estimate.text for estimate in swin.values()] == ['44.34', '0.601', '21.03', '76.4']
    assert table['Table 1', 'ST', 'Swin-S']['edge', 'odsF'].text == '77.20'


def test_multi_metric_delta_of_kd4mtl_by_hand():
    # SegNet KD4MTL against STL, Table 2: metrics within a task first, then tasks
    semseg = ((18.75 - 17.32) / 17.32 + (58.02 - 55.70) / 55.70) / 2
    depth = ((0.6577 - 0.5780) / 0.6577 + (0.2828 - 0.2467) / 0.2828) / 2
    normals = (
        (29.99 - 29.40) / 29.99 + (23.81 - 23.71) / 23.81
        + (24.33 - 24.31) / 24.31 + (48.22 - 48.06) / 48.06 + (60.45 - 60.05) / 60.05
    ) / 5  # fmt: skip
    [row] = [r for r in rows('kd4mtl_nyuv2') if (r.method, r.backbone) == ('KD4MTL', 'SegNet')]
    assert row.delta.mean == pytest.approx(100 * (semseg + depth + normals) / 3, abs=1e-9)


def test_printed_averages_of_svhn_and_omniglot_follow_from_the_rows():
    for row in published.load('kd4mtl_svhn_omniglot').rows:
        if row.printed_average is not None:
            mean = (row.metrics['svhn']['top1'] + row.metrics['omniglot']['top1']) / 2
            assert float(row.printed_average) == pytest.approx(float(mean), abs=0.0101)


def test_unknown_suite():
    with pytest.raises(ValueError, match='no published rows'):
        published.load('nyud')
