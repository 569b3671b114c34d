import csv
from dataclasses import replace

import numpy as np
import pytest

from mtkd.prerequisites.pseudo_labels.file import Header, PseudoFile, Rules, SoftLabels, problem, read_arrays, write_arrays

HEADER = Header(data_set='faces', split='train', domain='', teacher='configs/t.py', weights='ab' * 32,
                transforms=['identity', 'hflip'], precision='float32', tasks={'race': 3}, classes={'race': ['x', 'y', 'z']})
IDS = ['a', 'b', 'c', 'd', 'e']


def labels() -> SoftLabels:
    probs = np.array([[.8, .1, .1], [.2, .6, .2], [.75, .15, .1], [.3, .3, .4]], np.float32)
    return SoftLabels(np.array([0, 1, 3, 4]), probs.astype(np.float16), probs.max(1))


def pseudo(**changes) -> PseudoFile:
    return PseudoFile(replace(HEADER, **changes), np.array(IDS), {'race': labels()})


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / 'deep' / 'faces.npz'
    pseudo().write(path)
    found = PseudoFile.read(path)
    assert found.header == HEADER and list(found.sample_ids) == IDS
    for name in ('index', 'probs', 'confidence'):
        np.testing.assert_array_equal(getattr(found.labels['race'], name), getattr(labels(), name))
    assert [p.name for p in path.parent.iterdir()] == ['faces.npz'], 'no partial file is left'


def test_a_confidence_keeps_the_sure_ones():
    assert Rules(tau=0.75).keep('race', labels()).tolist() == [True, False, True, False]
    assert Rules(tau={'race': 0.5, 'sex': 0.9}).keep('race', labels()).tolist() == [True, True, True, False]


def test_a_share_keeps_the_surest_of_each_class():
    assert Rules(top_p=0.5).keep('race', labels()).tolist() == [True, True, False, True]
    assert Rules(top_p=1.0).keep('race', labels()).all()
    even = SoftLabels(np.arange(4), np.full((4, 2), 0.5, np.float16), np.full(4, 0.5, np.float32))
    assert Rules(top_p=0.5).keep('race', even).tolist() == [True, True, False, False], 'ties are resolved by order'


@pytest.mark.parametrize(('tau', 'top_p', 'words'), [
    (None, None, 'needs tau'), (0.7, 0.2, 'not both'), (0.7, {'race': 0.2}, 'not both'), (1.2, None, 'tau=1.2'),
    (None, {'race': 0.0}, 'top_p=0.0')])
def test_rules_that_make_no_sense(tau, top_p, words):
    with pytest.raises(ValueError, match=words):
        Rules(tau, top_p)


def test_every_task_has_one_rule():
    Rules({'sex': 0.7}, {'race': 0.2}).check(['sex', 'race'])
    for rules in (Rules({'sex': 0.7}), Rules({'sex': 0.7, 'race': 0.5}, {'race': 0.2})):
        with pytest.raises(ValueError, match=r"give task 'race' either tau or top_p"):
            rules.check(['sex', 'race'])


@pytest.mark.parametrize(('changes', 'words'), [
    ({'weights': 'cd' * 32}, r'another teacher \(weights abababab of .*\) than that of the config \(weights cdcd'),
    ({'data_set': 'others'}, r"to the split 'train' of faces, but the config trains on the split 'train' of others"),
    ({'domain': 'grey'}, 'domain grey'),
    ({'transforms': ['identity']}, 'average identity, hflip in float32, but the config uses identity in'),
    ({'precision': 'bfloat16'}, 'in bfloat16'),
    ({'tasks': {'race': 3, 'sex': 2}}, r"no task 'sex' \(only race\)"),
    ({'tasks': {'race': 4}}, r"'race' has 3 classes \(x, y, z\), but the data set of the config has 4 classes"),
    ({'classes': {'race': ['x', 'z', 'y']}}, r'\(x, z, y\)')])
def test_what_does_not_fit_is_one_clause(changes, words):
    assert problem(pseudo(), HEADER, IDS) is None
    with pytest.raises(ValueError, match=words):
        raise ValueError(problem(pseudo(), replace(HEADER, **changes), IDS))


def test_other_samples():
    assert 'but 4 in the data set' in problem(pseudo(), HEADER, IDS[:4])
    assert "sample 1 is 'b', but 'x' in the data set" in problem(pseudo(), HEADER, ['a', 'x', 'c', 'd', 'e'])


def test_a_file_may_hold_more_tasks_than_are_asked_for():
    assert problem(pseudo(), replace(HEADER, tasks={}, classes={}), IDS) is None


def test_csv_is_one_line_a_sample_and_task(tmp_path):
    pseudo().write_csv(tmp_path / 'a.csv', Rules(tau=0.75))
    rows = list(csv.DictReader((tmp_path / 'a.csv').open()))
    assert [(row['sample_id'], row['class'], row['kept']) for row in rows] == [
        ('a', 'x', '1'), ('b', 'y', '0'), ('d', 'x', '1'), ('e', 'z', '0')]
    assert rows[0]['confidence'] == '0.8000' and len(rows[0]['distribution'].split()) == 3


def test_names_in_a_csv_compute_nothing(tmp_path):
    odd = replace(pseudo(tasks={'=race': 3}, classes={'=race': ['@x', '-1', '+y']}))
    PseudoFile(odd.header, np.array(['=1+1', 'b', 'c', '@d', 'e']), {'=race': labels()}).write_csv(
        tmp_path / 'a.csv', Rules(tau=0.75))
    rows = list(csv.DictReader((tmp_path / 'a.csv').open()))
    assert [(row['sample_id'], row['task'], row['class']) for row in rows] == [
        ("'=1+1", "'=race", "'@x"), ('b', "'=race", '-1'), ("'@d", "'=race", "'@x"), ('e', "'=race", "'+y")]


def test_damaged_and_foreign_files(tmp_path):
    path = tmp_path / 'a.npz'
    pseudo(format_version=9).write(path)
    with pytest.raises(ValueError, match=r'of format 9, but this version of mtkd reads format 1'):
        PseudoFile.read(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match='damaged or not a file of pseudo-labels'):
        PseudoFile.read(path)
    with pytest.raises(FileNotFoundError):
        PseudoFile.read(tmp_path / 'none.npz')


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / 'a.npz', header=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match='damaged or not a file'):
        read_arrays(tmp_path / 'a.npz')
    write_arrays(tmp_path / 'b.npz', {'x': np.arange(3)})
    assert read_arrays(tmp_path / 'b.npz')['x'].tolist() == [0, 1, 2]


def _with(**changes) -> PseudoFile:
    good = labels()
    return PseudoFile(HEADER, np.array(IDS), {'race': replace(good, **{
        name: change(getattr(good, name).copy()) for name, change in changes.items()})})


def _set(place, value):
    def change(array):
        array[place] = value
        return array
    return change


@pytest.mark.parametrize(('changes', 'words'), [
    ({'probs': _set((2, 1), np.nan)}, "entry 2 of 'race' has infinite or NaN values"),
    ({'confidence': _set(1, np.inf)}, "entry 1 of 'race' has infinite or NaN values"),
    ({'probs': _set((0, 1), -0.1)}, 'outside 0 to 1'),
    ({'probs': _set((3, slice(None)), [1.5, 0, 0])}, 'outside 0 to 1'),
    ({'probs': _set((1, slice(None)), 0)}, 'does not sum to 1'),
    ({'probs': lambda probs: probs * np.float16(0.9)}, 'does not sum to 1.*4 of 4 entries are wrong'),
    ({'confidence': _set(0, 0.4)}, 'a confidence that is not its largest probability'),
    ({'index': _set(3, 5)}, 'refers to a sample that does not exist'),
    ({'index': _set(1, 0)}, 'is not in the order of the samples'),
    ({'probs': lambda probs: probs[:, :2]}, r"'race' has \(4, 2\) probabilities"),
])
def test_entries_that_are_no_probabilities_are_refused(tmp_path, changes, words):
    _with(**changes).write(tmp_path / 'a.npz')
    with pytest.raises(ValueError, match=words):
        PseudoFile.read(tmp_path / 'a.npz')


def test_every_flipped_byte_of_an_array_is_found(tmp_path):
    """The archive contains a checksum per array: an array that was changed without changing its size does not load."""
    path = tmp_path / 'a.npz'
    pseudo().write(path)
    content = path.read_bytes()
    for value in (labels().probs, labels().confidence, labels().index):
        at = content.index(value.tobytes())
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
        with pytest.raises(ValueError, match='is damaged'):
            PseudoFile.read(path)
