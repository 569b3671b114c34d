import torch

from mtkd.tasks.draw import depth_colours, draw_binary, draw_classes, draw_depth, draw_normals, draw_text, palette


def test_palette_is_distinct_and_black_only_for_invalid():
    colours = palette().tolist()
    assert len({tuple(c) for c in colours}) == 256
    assert colours[255] == [0, 0, 0]
    first = palette()[:41].float()
    apart = torch.cdist(first, first) + 1e3 * torch.eye(41)
    assert apart.min() > 15


def test_classes():
    picture = draw_classes(torch.tensor([[[0, 3], [255, 3]]]).byte())
    assert picture[0, :, 0, 1].tolist() == palette()[3].tolist()
    assert picture[0, :, 1, 0].tolist() == [0, 0, 0]


def test_depth_is_warm_near_and_cold_far():
    picture = draw_depth(torch.tensor([0.0, 1.0, 9.0, 10.0, 99.0]).view(1, 1, 1, 5), 10.0)[0, :, 0].T.int()
    assert picture[0].tolist() == [0, 0, 0]
    assert picture[1, 0] > picture[1, 2] and picture[2, 2] > picture[2, 0]
    assert picture[3].tolist() == picture[4].tolist() == depth_colours()[255].tolist()


def test_normals_that_face_the_camera_are_blue():
    normals = torch.tensor([[0.0, 0, -1], [1.0, 0, 0], [0.0, 0, 0]]).T.view(1, 3, 1, 3)
    picture = draw_normals(normals, -1)[0, :, 0].T
    assert picture.tolist() == [[128, 128, 255], [255, 128, 128], [0, 0, 0]]
    assert draw_normals(normals, 1)[0, :, 0, 0].tolist() == [128, 128, 0]


def test_binary_labels_and_probabilities():
    assert draw_binary(torch.tensor([[[0, 1, 255]]]).byte())[0, 1, 0].tolist() == [0, 255, 0]
    assert draw_binary(torch.tensor([[[0.0, 0.5, 1.0]]]))[0, 2, 0].tolist() == [0, 128, 255]


def test_text_is_written_on_the_colour():
    swatch = draw_text(['7', ''], torch.tensor([[250, 250, 0], [0, 0, 0]]).byte())
    assert swatch.shape == (2, 3, 64, 64)
    assert swatch[0, :, 0, 0].tolist() == [250, 250, 0] and (swatch[0, 0] < 50).any()
    assert not swatch[1].any()


def test_what_is_nan_is_black():
    nan = torch.full((1, 3, 2, 2), float('nan'))
    for picture in (draw_depth(nan[:, :1], 10.0), draw_normals(nan, -1), draw_binary(nan[:, 0])):
        assert picture.dtype == torch.uint8 and not picture.any()
    partly = torch.tensor([float('nan'), 1.0]).view(1, 1, 1, 2)
    assert draw_depth(partly, 2.0)[..., 1].any() and not draw_depth(partly, 2.0)[..., 0].any()
