import numpy as np
import pytest
import torch

from mtkd.datasets import BadData, MultiDataset
from mtkd.datasets.multi import leaves
from mtkd.prerequisites.pseudo_labels.dataset import TEACHER, file_of, header_of, sample_ids, with_pseudo_labels
from mtkd.prerequisites.pseudo_labels.file import PseudoFile, SoftLabels
from mtkd.registry import DATASETS
from mtkd.structures import collate
from tests.prerequisites.pseudo_toy import CLASSES, ToyFaces

WHO = {'teacher': 'configs/t.py', 'weights': 'ab', 'transforms': ['identity'], 'precision': 'float32'}
KINDS = {'shade': 'class_label', 'hue': 'class_label'}


def toy(name: str = 'one', keep: tuple[str, ...] = ('shade',), length: int = 6) -> ToyFaces:
    return ToyFaces(KINDS, name=name, keep=keep, length=length)


def write(dataset: ToyFaces, folder, **changes) -> PseudoFile:
    """Write pseudo-labels for every hue: sample i has class i % 3, with a confidence that increases with i."""
    count = len(dataset)
    sure = np.linspace(0.5, 0.9, count, dtype=np.float32)
    hue = np.where(np.arange(3) == np.arange(count)[:, None] % 3, sure[:, None], (1 - sure[:, None]) / 2)
    shade = np.full((0, 2), 0.5)
    labels = {'hue': SoftLabels(np.arange(count), hue.astype(np.float16), sure),
              'shade': SoftLabels(np.zeros(0, int), shade.astype(np.float16), np.zeros(0, np.float32))}
    made = PseudoFile(header_of(dataset, **{**WHO, 'tasks': CLASSES, **changes}), np.array(sample_ids(dataset)), labels)
    made.write(file_of(dataset, folder))
    return made


def test_samples_carry_the_kept_labels(tmp_path):
    dataset = toy()
    write(dataset, tmp_path)
    built = with_pseudo_labels(dataset, CLASSES, tau=0.7, folder=tmp_path, **WHO)
    assert built is dataset
    batch = collate([dataset[i] for i in range(6)])
    rows = batch['teacher'][TEACHER]['hue.probs']
    assert rows.dtype == torch.float32 and rows.shape == (6, 3)
    sure = np.linspace(0.5, 0.9, 6)
    assert (rows.sum(1) > 0).tolist() == (sure >= 0.7).tolist()
    kept = rows.sum(1) > 0
    torch.testing.assert_close(rows[kept].sum(1), torch.ones(int(kept.sum())))
    assert rows[kept].argmax(1).tolist() == [i % 3 for i in range(6) if kept[i]]
    assert not batch['teacher'][TEACHER]['shade.probs'].any()


def test_the_draw_does_not_move_them(tmp_path):
    dataset = toy()
    write(dataset, tmp_path)
    with_pseudo_labels(dataset, CLASSES, tau=0.5, folder=tmp_path, **WHO)
    first, later = (dataset[4, draw]['teacher'][TEACHER]['hue.probs'] for draw in (0, 7))
    np.testing.assert_array_equal(first, later)


def test_a_union_gets_one_file_a_set(tmp_path):
    union = MultiDataset([toy(), toy('two', ('hue',), 4)], tasks=KINDS)
    for part in leaves(union):
        write(part, tmp_path)
    assert with_pseudo_labels(union, CLASSES, top_p=1.0, folder=tmp_path, **WHO) is union
    assert sorted(path.name for path in tmp_path.iterdir()) == ['one-train.npz', 'two-train.npz']
    assert collate([union[0, 1, 0], union[1, 1, 0]])['teacher'][TEACHER]['hue.probs'].argmax(1).tolist() == [1, 1]


def test_it_is_built_from_a_config(tmp_path):
    write(toy(), tmp_path)
    built = DATASETS.build({'type': 'PseudoLabelled', 'tasks': CLASSES, 'tau': 0.7, 'folder': str(tmp_path), **WHO,
                            'dataset': {'type': 'ToyFaces', 'tasks': KINDS, 'name': 'one', 'length': 6}})
    assert isinstance(built, ToyFaces) and built.stored[TEACHER]['hue.probs'].shape == (6, 3)


def test_without_files_the_rows_are_random():
    built = with_pseudo_labels(toy(), CLASSES, tau=0.7)
    np.testing.assert_allclose(built.stored[TEACHER]['hue.probs'].sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize(('changes', 'words'), [
    ({'weights': 'cd'}, r'one-train\.npz do not match .* created by another teacher .* create them again with python make'),
    ({'transforms': ['hflip']}, 'they average identity'),
    ({'tasks': {'hue': 3, 'age': 12}}, "no task 'age'"),
    ({'tasks': {'hue': 4, 'shade': 2}}, "'hue' has 3 classes")])
def test_pseudo_labels_that_do_not_fit(changes, words, tmp_path):
    dataset = toy()
    write(dataset, tmp_path)
    with pytest.raises(BadData, match=words):
        with_pseudo_labels(dataset, **{'tasks': CLASSES, 'tau': 0.7, 'folder': tmp_path, 'command': 'python make', **WHO,
                                       **changes})


def test_other_samples_and_missing_and_damaged_files(tmp_path):
    write(toy(length=5), tmp_path)
    with pytest.raises(BadData, match='other samples: there are 5 of them, but 6 in the data set'):
        with_pseudo_labels(toy(), CLASSES, tau=0.7, folder=tmp_path, **WHO)
    with pytest.raises(FileNotFoundError, match=r"of two \('train'\) do not exist .* run python make, or add --with"):
        with_pseudo_labels(toy('two'), CLASSES, tau=0.7, folder=tmp_path, command='python make', **WHO)
    (tmp_path / 'one-train.npz').write_bytes(b'nothing')
    with pytest.raises(BadData, match='damaged or not a file of pseudo-labels .* delete it and run'):
        with_pseudo_labels(toy(), CLASSES, tau=0.7, folder=tmp_path, **WHO)
