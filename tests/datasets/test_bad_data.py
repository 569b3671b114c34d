from mtkd.datasets import BadData, base, files


def test_every_reader_raises_the_same_error_which_is_a_value_error():
    assert issubclass(BadData, ValueError) and base.BadData is files.BadData is BadData
