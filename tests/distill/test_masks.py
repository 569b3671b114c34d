import torch

from mtkd.distill.masks import at_size, picture_mask

CPU = torch.device('cpu')


def test_no_padding_needs_no_mask():
    assert picture_mask([{'crop': None}, {}, {'crop': (0, 0, 8, 12)}], (8, 12), (2, 3), CPU) is None


def test_pixels_whose_centre_is_padding_do_not_count():
    mask = picture_mask([{'crop': (0, 0, 8, 12)}, {'crop': (4, 0, 4, 7)}], (8, 12), (2, 3), CPU)
    assert mask[0].all()
    assert mask[1].tolist() == [[False, False, False], [True, True, False]]


def test_sizes_that_do_not_divide():
    mask = picture_mask([{'crop': (0, 0, 425, 559)}], (428, 560), (107, 140), CPU)
    assert mask.shape == (1, 107, 140) and mask[0, :106].all() and not mask[0, 106].any()


def test_links_of_a_step_share_it():
    meta = [{'crop': (0, 0, 7, 12)}, {}]
    assert picture_mask(meta, (8, 12), (2, 3), CPU) is picture_mask([dict(entry) for entry in meta], (8, 12), (2, 3), CPU)
    assert picture_mask(meta, (8, 12), (2, 3), CPU) is not picture_mask(meta[::-1], (8, 12), (2, 3), CPU)


def test_validity_is_read_under_the_centre():
    valid = torch.zeros(1, 6, 6, dtype=torch.bool)
    valid[0, 1, 4] = True  # centre of the cell (0, 1) of a 2x2 grid of 3x3 cells
    valid[0, 3:, :3] = True
    valid[0, 4, 1] = False
    assert at_size(valid, (2, 2)).tolist() == [[[False, True], [False, False]]]
    assert at_size(valid, (6, 6)).equal(valid)
