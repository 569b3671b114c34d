import pytest

from mtkd.studies.sweep.points import read_sweep, short_names, value_text

CONFIG = "config = 'configs/quickstart/student_kdam.py'\n"


def sweep(folder, text, name='mine', **kwargs):
    path = folder / f'{name}.py'
    path.write_text(CONFIG + text)
    return read_sweep(path, **kwargs)


def test_a_grid_is_the_product_of_its_values(tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'w'))
    found = sweep(tmp_path, "_B = 'model.distiller.weight'\n"
                  "grid = {_B: [0.1, 2], 'train_cfg.max_iters': [5, 6]}\nlabels = {_B: 'beta'}\nseeds = [3, 1]\n"
                  "options = {'optim_wrapper.optimizer.lr': 0.1}", options={'model.net.head.channels': 8})
    assert [point.values for point in found.points] == [
        {'beta': 0.1, 'max_iters': 5}, {'beta': 0.1, 'max_iters': 6}, {'beta': 2, 'max_iters': 5},
        {'beta': 2, 'max_iters': 6}]
    first = found.points[0]
    assert first.options == {'optim_wrapper.optimizer.lr': 0.1, 'model.net.head.channels': 8, 'model.distiller.weight': 0.1,
                             'train_cfg.max_iters': 5}
    assert (first.label, first.slug) == ('beta = 0.1, max_iters = 5', 'beta=0.1,max_iters=5')
    assert first.method('MT+plain KD') == 'MT+plainKD(beta=0.1;max_iters=5)'
    assert (found.name, found.seeds, found.root) == ('mine', [3, 1], tmp_path / 'w' / 'sweeps' / 'mine')


def test_points_and_other_configs(tmp_path):
    found = sweep(tmp_path, "points = [{'config': 'configs/quickstart/student.py'},\n"
                  "          {'model.distiller.links.each_task.loss.terms': ('inter', 'intra')}]")
    alone, both = found.points
    assert (alone.config, alone.options, alone.values) == ('configs/quickstart/student.py', {}, {'config': 'student'})
    assert both.config == 'configs/quickstart/student_kdam.py' and both.slug == 'terms=inter+intra'
    assert both.label == 'terms = inter+intra' and found.seeds == [0]


def test_folders_of_like_or_long_values_are_told_apart(tmp_path):
    found = sweep(tmp_path, "grid = {'suite': ['a/b', 'a:b', 'x' * 300]}")
    slugs = [point.slug for point in found.points]
    assert len(set(slugs)) == 3 and all(len(slug) < 120 and '/' not in slug for slug in slugs)
    assert slugs == [point.slug for point in sweep(tmp_path, "grid = {'suite': ['a/b', 'a:b', 'x' * 300]}").points]


def test_names_are_as_short_as_they_can_be():
    keys = ['model.distiller.weight', 'model.balance.weight', 'seed']
    assert list(short_names(keys, {}).values()) == ['distiller.weight', 'balance.weight', 'seed']
    assert short_names(keys, {'seed': 's'})['seed'] == 's'
    assert value_text(((1, 'a'), None)) == '1+a+None'


@pytest.mark.parametrize(('text', 'sentence'), [
    ('', "write either grid={'option': .values, ….} or points="),
    ("grid = {'a': [1]}\npoints = [{'a': 1}]", 'not both'),
    ("grid = {'a': 3}", r"grid\['a'\] is 3: give a list"),
    ("grid = {'a': []}", 'give a list with at least one value'),
    ("grid = {'a': 'bc'}", "is 'bc': give a list"),
    ('points = []', 'points must be a list of at least one dictionary'),
    ("grid = {'a': [1]}\nseeds = [0, 0]", 'give a list of different whole numbers'),
    ("grid = {'a': [1]}\nseeds = 3", 'seeds=3: give a list'),
    ("grid = {'a': [1]}\nsedes = [3]", "has no key 'sedes'; did you mean seeds"),
    ("grid = {'a': [1]}\nlabels = {'b': 'B'}", r"labels\['b'\] is not a swept option; the swept options are a"),
    ("grid = {'a': [1], 'b': [1]}\nlabels = {'b': 'a'}", 'two swept options have the same name'),
    ("grid = {'a': [1, 1]}", 'two points are the same: a = 1'),
    ("grid = {'a': [{'type': 'x'}]}", 'cannot be given on a command line'),
    ("grid = {'a': [1]}\nreferences = 'work_dirs'", 'give a list of folders'),
    ("config = None\ngrid = {'a': [1]}", 'no config: write config='),
    ('grid = {', 'cannot be read as a sweep file'),
])
def test_mistakes_name_the_file_and_what_to_write(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        sweep(tmp_path, text)
    assert str(tmp_path / 'mine.py') in str(error.value)


def test_a_missing_file_is_named_with_the_nearest(tmp_path):
    sweep(tmp_path, "grid = {'a': [1]}", name='kdam_table5')
    with pytest.raises(FileNotFoundError, match='did you mean kdam_table5'):
        read_sweep(tmp_path / 'kdam_tabel5.py')
