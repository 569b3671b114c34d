import warnings

import numpy as np
import pytest

from mtkd.datasets import BadData, FolderImages, TaskDataset
from mtkd.datasets.plausible import ODD, WRONG, examine, implausible
from mtkd.structures import Sample

from .toy import Toy


class Maps(TaskDataset):
    """Samples whose label of the only task is a function of their index."""

    KIND, NUM_CLASSES, LOOKS_AT = 'class_map', {}, 0

    def __init__(self, label, length=6, **kwargs):
        self.OFFERS = {'task': self.KIND}
        super().__init__(**kwargs)
        self.label, self.length, self.decoded = label, length, []

    def load_data_list(self):
        return [{'sample_id': f's{n}', 'number': n} for n in range(self.length)]

    def read(self, entry):
        self.decoded.append(entry['number'])
        label = self.label(entry['number'])
        return Sample(image=np.zeros((16, 16, 3), np.uint8), targets={'task': label}, meta={})


class Depths(Maps):
    KIND = 'depth'


class Masks(Maps):
    NUM_CLASSES = {'task': 2}


class Edges(Maps):
    KIND = 'edge_map'


def square(inside, outside=0, dtype=np.uint8):
    array = np.full((16, 16), outside, dtype)
    array[4:12, 4:12] = inside
    return array


def said(dataset, **kwargs):
    return [(finding.state, str(finding)) for finding in examine(dataset, **kwargs)]


def test_masks_of_0_and_255():
    (state, text), = said(Masks(lambda n: square(255)))
    assert state == ODD and "Masks 'train' sample 's0': task is class 0 alone in the 6 labels looked at" in text
    assert 'class 1 never occurs' in text and '25% of the pixels are 255, which means no label' in text
    assert 'must be read as 0 and 1' in text
    assert not said(Masks(lambda n: square(1))) and not said(Masks(lambda n: square(1 if n else 255)))


def test_a_map_without_edges_and_one_without_labels():
    (state, text), = said(Edges(lambda n: square(0)))
    assert state == ODD and 'class 1 never occurs' in text
    (state, text), = said(Masks(lambda n: square(255, 255)))
    assert state == ODD and 'no labelled pixel in the 6 labels' in text
    (state, text), = said(Masks(lambda n: None))
    assert state == ODD and text == "Masks 'train': task has no label in any of the 6 samples looked at."
    sparse = np.full((16, 16), 255, np.uint8)
    sparse[0, :3] = 0, 1, 1
    (state, text), = said(Masks(lambda n: sparse))
    assert state == ODD and 'nearly empty' in text and '99% of the pixels' in text


@pytest.mark.parametrize('metres, state, words', [
    (3200.0, WRONG, 'has a median of 3200 m, more than 200 m: if these are millimetres, give the data set '
                    'scale=dict(task=0.001)'), (0.004, ODD, 'less than 0.05 m')])
def test_depths_in_another_unit(metres, state, words):
    (found, text), = said(Depths(lambda n: square(metres, 0, np.float32)))
    assert found == state and words in text and "sample 's0'" in text


def test_depths_that_are_right_or_partly_odd():
    assert not said(Depths(lambda n: square(3.0, 80, np.float32)))
    assert not said(Depths(lambda n: square(3200.0, 0, np.float32), scale={'task': 0.001}))
    (state, text), = said(Depths(lambda n: square(655.35, 5, np.float32)))
    assert state == ODD and 'reaches 655.35 m' in text
    lone = np.zeros((16, 16), np.float32)
    lone[0, 0] = 2
    (state, text), = said(Depths(lambda n: lone))
    assert state == ODD and '0.4% of the pixels' in text
    assert not said(type('Disparities', (Depths,), {'DEPTH_UNIT': 'disparity'})(lambda n: square(0.01, 0, np.float32)))


def test_normals_that_are_hardly_there():
    class Normals(Maps):
        KIND = 'normals'

    def label(number):
        vectors = np.zeros((16, 16, 3), np.float32)
        vectors[0, :2, 2] = 1
        return vectors

    (state, text), = said(Normals(label))
    assert state == ODD and 'a normal on 0.8% of the pixels' in text


def test_only_a_few_samples_are_decoded():
    data = Masks(lambda n: square(1), length=10000)
    examine(data, seconds=None)
    assert data.decoded == [0, 1428, 2856, 4285, 5713, 7142, 8570, 9999]
    examine(few := Masks(lambda n: square(1), length=10000), seconds=0)
    assert len(few.decoded) == 3


def test_opening_a_set_warns_or_refuses():
    class Looked(Depths):
        LOOKS_AT = 4

    with pytest.raises(BadData, match='has a median of 3200 m'):
        Looked(lambda n: square(3200.0, 0, np.float32)).full_init()
    with pytest.warns(UserWarning, match='less than 0.05 m') as caught:
        data = Looked(lambda n: square(0.004, 0, np.float32))
        data.full_init()
        data.full_init()
        data[0]
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        Toy().full_init()


def test_whole_numbers_are_depths_only_with_a_scale():
    with pytest.raises(BadData, match=r"sample 's0', task is no task label: it holds whole numbers \(uint16, up to 4000\)"):
        Depths(lambda n: square(4000, 0, np.uint16))[0]
    data = Depths(lambda n: square(4000, 0, np.uint16), scale={'task': 0.001})
    assert data[0]['targets']['task'].max() == 4 and data[0]['targets']['task'].min() == 0
    for wrong in ({'task': 0}, {'task': 'mm'}, {'other': 1.0}):
        with pytest.raises(ValueError, match='give a positive factor for a task of depths'):
            Depths(lambda n: None, scale=wrong)


class Numbers(TaskDataset):
    OFFERS = {'age': 'scalar', 'kind': 'class_label'}

    def __init__(self, ages=(), classes=(), **kwargs):
        super().__init__(**kwargs)
        self.ages, self.classes = ages, classes

    def load_data_list(self):
        return [{'sample_id': f's{n}'} for n in range(max(len(self.ages), len(self.classes)))]

    def read(self, entry):
        raise AssertionError('no picture is read for labels that are known')

    def known_labels(self):
        return {'age': np.array(self.ages, np.float64), 'kind': np.array(self.classes)}


def test_numbers_that_no_float_holds_and_numbers_out_of_range():
    data = type('Unseen', (Numbers,), {'LOOKS_AT': 0})([3.0, 1e300, np.nan], name='Numbers')
    (state, text), = said(data)
    assert state == WRONG and text.startswith("Numbers 'train' sample 's1': age is 1e+300, which no float32 holds")
    with pytest.raises(BadData, match='no float32 holds'):
        Numbers([1e300]).full_init()
    found = implausible(Numbers([3.0, -40.0, np.nan, 150.0]), 'age', 0, 130)
    assert str(found) == ("Numbers 'train' sample 's1': age is -40, which is outside 0 to 130 (2 of 4 are): correct the "
                          'labels.')
    assert implausible(Numbers([3.0, np.nan]), 'age', 0, 130) is None and implausible(Toy(), 'depth', 0, 1) is None


def test_classes_that_never_occur():
    many = [0, 1, 3] * 10 + [-1]
    with pytest.warns(UserWarning, match='in none of its 30 labels'):
        (state, text), = said(Numbers(classes=many, num_classes={'kind': 5}))
    assert state == ODD and text == "Numbers 'train': kind has classes 2, 4 of 5 in none of its 30 labels."
    assert not said(Numbers(classes=many, num_classes={'kind': 5}, split='val'))
    assert not said(Numbers(classes=many[:6], num_classes={'kind': 5}))  # too few samples to expect all


def test_a_data_set_in_memory_knows_its_labels(tmp_path):
    import cv2
    for name in ('a', 'b'):
        (tmp_path / 'train' / name).mkdir(parents=True)
    for number in range(10):
        cv2.imwrite(str(tmp_path / 'train' / 'a' / f'{number}.png'), np.zeros((8, 8, 3), np.uint8))
    with pytest.warns(UserWarning, match=r"FolderImages 'train': label has class 1 of 2 in none of its 10 labels"):
        FolderImages(data_root=tmp_path, num_classes={'label': 2}).full_init()
