import json

import pytest

from mtkd.models.genotype import GENOTYPES, KINDS, any_genotype, find_genotype, read_genotype, write_genotype

GIVEN = {'semseg': {'semseg': 3, 'depth': 1}, 'depth': {'semseg': 4, 'depth': 0}}
TASKS = ('depth', 'semseg')


def file(folder, **changes):
    path = folder / 'genotype.json'
    write_genotype(path, GIVEN, {'seed': 5})
    if changes:
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def test_a_file_says_kinds_by_name_and_is_read_back(tmp_path):
    path = file(tmp_path)
    content = json.loads(path.read_text())
    assert content['genotype']['semseg'] == {'semseg': 'target_regions', 'depth': 'global'}
    assert content['tasks'] == ['semseg', 'depth'] and content['seed'] == 5
    assert read_genotype(path) == GIVEN
    assert list(tmp_path.iterdir()) == [path]
    found = find_genotype(str(path), TASKS)
    assert found == GIVEN and list(found) == list(found['depth']) == list(TASKS)


def test_published_and_given_ones_are_found():
    nyud = GENOTYPES['nyud_hrnet18']
    assert find_genotype('nyud_hrnet18', list(nyud)) == nyud and find_genotype(GIVEN, TASKS) == GIVEN


@pytest.mark.parametrize('tasks', [('a', 'b'), ('a', 'b', 'c', 'd')])
def test_any_genotype_has_every_kind(tasks):
    made = any_genotype(tasks)
    assert find_genotype(made, tasks) == made
    assert len(tasks) < 3 or {kind for row in made.values() for kind in row.values()} == set(range(len(KINDS)))


@pytest.mark.parametrize('text, said', [
    ('{"format"', r'is not a genotype, or is damaged \(JSONDecodeError'), ('[]', 'is not a genotype, or is damaged'),
    ('{"genotype": {"a": 3}}', 'is not a genotype, or is damaged'),
    ('{"format": "other", "tasks": ["a"], "genotype": {"a": {"a": "none"}}}', "format is 'other'"),
    ('{"format": "mtkd ATRC genotype 1", "tasks": ["a"], "genotype": {"a": {"a": "distant"}}}',
     "has the kind 'distant' for a from a; kinds are none, global")])
def test_files_that_are_none(text, said, tmp_path):
    (tmp_path / 'genotype.json').write_text(text)
    with pytest.raises(ValueError, match=said):
        read_genotype(tmp_path / 'genotype.json')


def test_what_cannot_be_used_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'the genotype .*gone\.json does not exist; train .* ATRCSearchNeck'):
        find_genotype(str(tmp_path / 'gone.json'), TASKS)
    with pytest.raises(ValueError, match=r'of .*genotype\.json was made for other tasks: its targets are semseg, depth'):
        find_genotype(str(file(tmp_path)), ('semseg', 'edge'))
    with pytest.raises(ValueError, match="genotype='nyud' is unknown; choose one of nyud_hrnet18, .*genotype.json"):
        find_genotype('nyud', TASKS)
    with pytest.raises(ValueError, match='is only resolved by the commands of mtkd'):
        find_genotype({'config': 'configs/x.py'}, TASKS)
