import pytest

from mtkd.tasks import Depth, build_tasks


def test_order_and_names_are_those_of_the_configuration():
    tasks = build_tasks({'far': {'type': 'Depth'}, 'near': {'type': 'Depth', 'weight': 3}, 'edge': {'type': 'Edge'}})
    assert list(tasks) == ['far', 'near', 'edge']
    assert [task.name for task in tasks.values()] == ['far', 'near', 'edge']
    assert tasks['near'].weight == 3 and isinstance(tasks['near'], Depth)


def test_the_configuration_is_left_as_it_was():
    cfg = {'depth': {'type': 'Depth'}}
    build_tasks(cfg)
    assert cfg == {'depth': {'type': 'Depth'}}


def test_type_may_be_a_class():
    assert isinstance(build_tasks({'depth': {'type': Depth}})['depth'], Depth)


@pytest.mark.parametrize('name', ['a/b', 'edge_loss', 'a.b', 'shared', 'trunk', ''])
def test_names_that_cannot_be_used(name):
    with pytest.raises(ValueError, match='A task cannot be called'):
        build_tasks({name: {'type': 'Depth'}})


def test_unknown_type_is_answered_with_the_nearest():
    with pytest.raises(KeyError, match=r'SemanticSegmentation \(mtkd.tasks.semseg\)'):
        build_tasks({'semseg': {'type': 'SemanticSegmentaton'}})


@pytest.mark.parametrize('part', [{}, None, 'Depth'])
def test_a_task_needs_a_type(part):
    with pytest.raises(ValueError, match="Task 'depth' needs a dictionary with a type"):
        build_tasks({'depth': part})


def test_no_task():
    with pytest.raises(ValueError, match='No task is configured'):
        build_tasks({})
