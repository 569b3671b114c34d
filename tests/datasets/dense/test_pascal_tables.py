from mtkd.datasets.dense.pascal_tables import NYU_SHARED, PART_IDS, SIX_PARTS


def test_parts():
    assert len(PART_IDS) == 24 and set(PART_IDS.values()) == set(range(1, len(SIX_PARTS)))
    assert (PART_IDS['hair'], PART_IDS['lebrow'], PART_IDS['neck'], PART_IDS['ruarm'], PART_IDS['lhand'],
            PART_IDS['rlleg'], PART_IDS['lfoot'], PART_IDS['luleg']) == (1, 1, 2, 3, 4, 6, 6, 5)


def test_shared_classes():
    assert list(NYU_SHARED) == sorted(set(NYU_SHARED)) and NYU_SHARED[0] >= 1 and NYU_SHARED[-1] <= 459
    assert {427, 440, 158, 68, 72} <= set(NYU_SHARED)  # tvmonitor, wall, floor, ceiling, chair
    assert not {2, 25, 360} & set(NYU_SHARED)  # aeroplane, bird, sky
