import random
import xml.etree.ElementTree as ET

import pytest

from mtkd.leaderboard.plot import HEIGHT, WIDTH, Point, dodge, linear_ticks, log_ticks, place_labels, scatter


def points(n=6):
    return [Point(10.0 * (i + 1), i - 2.0, 0.5 if i % 2 else None, f'm<{i}>', 'net', f'r{i}', i == 0) for i in range(n)]


def test_svg_is_well_formed_and_inside_its_box():
    root = ET.fromstring(scatter(points(), {'net': 0}, 'MACs (G)', 'Δ_mt (%) ↑'))
    circles = root.findall('.//circle')
    assert len(circles) == 6
    for circle in circles:
        assert 0 < float(circle.get('cx')) < WIDTH and 0 < float(circle.get('cy')) < HEIGHT
    assert [g.get('data-for') for g in root.findall('g')] == [f'r{i}' for i in range(6)]
    assert len(root.findall('.//path[@class="bar"]')) == 3


def test_more_cost_is_right_and_more_accuracy_up():
    root = ET.fromstring(scatter(points(), {'net': 0}, 'x', 'y'))
    xs = [float(c.get('cx')) for c in root.findall('.//circle')]
    ys = [float(c.get('cy')) for c in root.findall('.//circle')]
    assert xs == sorted(xs) and ys == sorted(ys, reverse=True)


def test_a_single_point_can_be_drawn():
    for y in (0.0, 40.0):
        ET.fromstring(scatter([Point(5.0, y, None, 'a', 'net', 'r', False)], {'net': 0}, 'x', 'y'))


def test_linear_ticks():
    assert linear_ticks(-1.7, 1.6) == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert linear_ticks(0.51, 0.63) == [0.5, 0.525, 0.55, 0.575, 0.6, 0.625, 0.65]
    ticks = linear_ticks(3.0, 3.0)
    assert ticks[0] <= 3.0 <= ticks[-1] and len(ticks) > 1


def test_log_ticks_get_finer_where_few():
    assert log_ticks(0.9, 120) == [1, 2, 5, 10, 20, 50, 100]
    assert log_ticks(14, 55) == [15, 20, 30, 40, 50]


def test_labels_do_not_overlap_and_give_up_where_there_is_no_room():
    apart = place_labels([(200, 100, 'first'), (400, 100, 'second')])
    assert apart == [(210, 104, 'start'), (410, 104, 'start')]
    crowded = place_labels([(300.0, 200.0, 'the same name')] * 12)
    assert None in crowded
    written = [place for place in crowded if place is not None]
    assert len(set(written)) == len(written)


def test_points_of_one_cost_stand_side_by_side():
    assert dodge([100.0, 300.0, 100.2, 100.0]) == pytest.approx([87.0, 300.0, 100.2, 113.0])


def test_many_points_of_one_cost_stay_together_and_many_points_have_no_labels():
    at = dodge([400.0] * 500)
    assert max(at) - min(at) <= 160 and at == sorted(at)
    crowd = [Point(10.0 + i, i % 7, None, f'm{i}', 'net', f'r{i}') for i in range(201)]
    assert 'm5<' not in scatter(crowd, {'net': 0}, 'x', 'y') and 'm5<' in scatter(crowd[:10], {'net': 0}, 'x', 'y')


def test_labels_found_by_squares_are_those_found_by_looking_at_all():
    """Comparison with the plain way, which tests all boxes."""
    draw = random.Random(0)
    crowd = [(draw.uniform(70, 790), draw.uniform(20, 380), 'm' * draw.randint(1, 14)) for _ in range(120)]
    boxes = [(x - 7, y - 7, x + 7, y + 7) for x, y, _ in crowd]
    for (x, y, label), place in zip(crowd, place_labels(crowd), strict=True):
        if place is None:
            continue
        width = 7.2 * len(label)
        left = place[0] - {'start': 0.0, 'end': width, 'middle': width / 2}[place[2]]
        mine = (left, place[1] - 10, left + width, place[1] + 3)
        own = (x - 7, y - 7, x + 7, y + 7)
        hit = [box for box in boxes if box != own and mine[0] < box[2] and box[0] < mine[2] and mine[1] < box[3]
               and box[1] < mine[3]]
        assert not hit
        boxes.append(mine)
    assert len(boxes) > 150
