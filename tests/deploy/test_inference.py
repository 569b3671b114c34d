import warnings

import cv2
import numpy as np
import pytest
import torch

from mtkd.deploy.inference import MultiTaskInferencer, pictures
from tests.deploy.deployed import write_student

PAD = "\ntest_dataloader['dataset']['pipeline'] = [dict(type='Pad', size=(64, 64))]\n"
LONG = PAD.replace('[dict', "[dict(type='Resize', long_side=48, labels=False), dict")
CROP = "\ntest_dataloader['dataset']['pipeline'] = [dict(type='CentreCrop', size=(16, 16))]\n"


def picture(height: int = 40, width: int = 56, seed: int = 0) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height))


@pytest.fixture
def predict(tmp_path):
    return MultiTaskInferencer(*write_student(tmp_path), device='cpu', batch_size=2)


def test_one_picture_in_physical_units(predict):
    image = picture()
    found = predict(image)
    with torch.no_grad():
        raw = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
        taps = predict.net(predict.preprocessor.normalise(raw))
    depth = predict.tasks['depth'].predict(taps['depth.out'], (40, 56))[0, 0]
    np.testing.assert_allclose(found.values['depth'], depth.numpy(), atol=1e-6)
    assert found.values['semseg'].shape == (40, 56) and found.values['semseg'].dtype == np.uint8
    assert found.units == {'semseg': 'class id', 'depth': 'm'} and found.source == 'array 0'
    assert found.pictures['depth'].shape == (40, 56, 3) and found.pictures['semseg'].dtype == np.uint8


def test_batches_lists_files_and_folders_agree(predict, tmp_path):
    folder = tmp_path / 'in'
    (folder / 'deep').mkdir(parents=True)
    images = [picture(seed=k) for k in range(3)]
    for name, image in zip(('a.png', 'b.png', 'deep/c.png'), images, strict=True):
        cv2.imwrite(str(folder / name), image[..., ::-1])
    (folder / 'notes.txt').write_text('no image')
    alone = [predict(image).values['depth'] for image in images]
    for several in (predict(np.stack(images)), predict(images), predict(folder), predict([folder / 'a.png', images[1],
                                                                                          str(folder / 'deep')])):
        assert len(several) == 3
        for one, other in zip(alone, several, strict=True):
            np.testing.assert_allclose(other.values['depth'], one, atol=1e-5)
    assert predict(str(folder / 'a.png')).source.endswith('a.png')
    sizes = [p.values['depth'].shape for p in predict([picture(), picture(32, 48), picture(32, 48)])]
    assert sizes == [(40, 56), (32, 48), (32, 48)]


def test_padding_is_cut_off_again(tmp_path):
    config, checkpoint = write_student(tmp_path, PAD)
    padded = MultiTaskInferencer(config, checkpoint, 'cpu')
    image = picture()
    frame = np.full((64, 64, 3), (124, 116, 104), np.uint8)
    frame[12:52, 4:60] = image
    whole = MultiTaskInferencer(config, checkpoint, 'cpu', options={'test_dataloader.dataset.pipeline': []})(frame)
    np.testing.assert_allclose(padded(image).values['depth'], whole.values['depth'][12:52, 4:60], atol=1e-6)


def test_resized_and_padded_pictures_come_back_at_their_size(tmp_path):
    predict = MultiTaskInferencer(*write_student(tmp_path, LONG), device='cpu')
    for size in ((101, 77), (30, 50)):
        found = predict(picture(*size))
        assert found.values['depth'].shape == size == found.values['semseg'].shape
        assert found.pictures['semseg'].shape == (*size, 3)


WHOLE = """
tasks = dict(age=dict(type='Age'), scene=dict(type='Classification', num_classes=4))
model['net'].update(neck=dict(type='PoolNeck'), head=dict(type='LinearHead'))
test_dataloader['dataset']['pipeline'] = [dict(type='CentreCrop', size=(32, 32))]
"""


def test_numbers_of_whole_pictures(tmp_path):
    found = MultiTaskInferencer(*write_student(tmp_path, WHOLE), device='cpu')(picture())
    assert isinstance(found.values['age'], float) and 0 <= found.values['age'] <= 100
    assert found.values['scene'].shape == (4,) and found.values['scene'].sum() == pytest.approx(1, abs=1e-5)
    assert found.pictures['age'].shape == (64, 64, 3) and found.units['scene'] == 'probability per class'


def test_a_video(predict, tmp_path):
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5, (56, 40))
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no MJPG video')
    for k in range(3):
        writer.write(picture(seed=k))
    writer.release()
    found = predict(path)
    assert [p.source for p in found] == [f'{path}#{k}' for k in range(3)]
    assert found[0].values['depth'].shape == (40, 56)
    seen = next(iter(pictures(path)))[1].astype(int)
    assert np.abs(seen - picture()[..., ::-1]).mean() < 12  # the file is in BGR order and lossy


def test_a_video_that_is_cut_off_gives_its_readable_frames_and_a_warning(tmp_path):
    path = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5, (56, 40))
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no MJPG video')
    for k in range(30):
        writer.write(picture(seed=k))
    writer.release()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert len(list(pictures(path))) == 30
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with pytest.warns(UserWarning, match=r'film\.avi ends after \d+ of its 30 declared frames: it is truncated'):
        found = list(pictures(path))
    assert 0 < len(found) < 27


def test_a_turned_photograph_is_set_upright(tmp_path):
    from PIL import Image
    image = Image.fromarray(picture(40, 56))
    exif = image.getexif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise
    image.save(tmp_path / 'a.jpg', exif=exif)
    assert next(iter(pictures(tmp_path / 'a.jpg')))[1].shape == (56, 40, 3)


def test_mistakes(predict, tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'nothing')
    (tmp_path / 'a.mp4').write_bytes(b'nothing')
    (tmp_path / 'empty').mkdir()
    for given, error, sentence in ((tmp_path / 'a.jpg', ValueError, 'a.jpg is not a readable image'),
                                   (tmp_path / 'a.mp4', ValueError, 'a.mp4 is not a readable video'),
                                   (tmp_path / 'empty', ValueError, 'contains no image'),
                                   (tmp_path / 'none.jpg', FileNotFoundError, 'does not exist'),
                                   (picture().astype(np.float32), ValueError, 'uint8 RGB'),
                                   (picture()[..., 0], ValueError, 'uint8 RGB'), (7, ValueError, 'is of type int')):
        with pytest.raises(error, match=sentence):
            predict(given)
    config, checkpoint = write_student(tmp_path, CROP)
    with pytest.raises(ValueError, match='CentreCrop'):
        MultiTaskInferencer(config, checkpoint)
    with pytest.raises(ValueError, match='batch_size'):
        MultiTaskInferencer(config, checkpoint, batch_size=0)
    with pytest.raises(ValueError, match="device 'cuda:77'"):
        MultiTaskInferencer(config, checkpoint, 'cuda:77', options={'test_dataloader.dataset.pipeline': []})
