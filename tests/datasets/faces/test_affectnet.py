import numpy as np

from mtkd.datasets.faces import AffectNet
from mtkd.datasets.faces.classes import EXPRESSIONS
from mtkd.datasets.picture_files import read_picture

from .copies import write_affectnet

NAMES = ('neutral', 'happy', 'sad', 'surprise', 'fear', 'disgust', 'angry')


def test_labels_in_the_order_of_fer2013(tmp_path):
    write_affectnet(tmp_path)
    data = AffectNet(data_root=tmp_path)
    assert len(data) == 8  # 8 to 10 are excluded
    assert [data.load(i)['targets']['expression'] for i in range(8)] == [*(EXPRESSIONS.index(name) for name in NAMES), None]


def test_eight_classes(tmp_path):
    write_affectnet(tmp_path)
    data = AffectNet(data_root=tmp_path, label_maps={'expression': {i: i for i in range(8)}})
    assert [data.load(i)['targets']['expression'] for i in range(8)] == list(range(8))


def test_a_table_without_a_header(tmp_path):
    write_affectnet(tmp_path, header=False)
    assert len(AffectNet(data_root=tmp_path, split='val')) == 8


def test_the_face_is_cut_out(tmp_path):
    write_affectnet(tmp_path)
    whole = read_picture(tmp_path / 'Manually_Annotated_Images' / '0' / '000.jpg')
    cut = AffectNet(data_root=tmp_path, size=(12, 10)).load(0)['image']
    assert np.array_equal(cut, whole[3:15, 2:12])
    assert AffectNet(data_root=tmp_path, size=(24, 20), crop=False).load(0)['image'].shape == whole.shape
