"""Options in the syntax of a command line."""

import pytest

from mtkd.engine.options import argument, digest


@pytest.mark.parametrize('value', [0.1, 1e-5, -2, True, None, 'adamw', ['a', 'b'], ('inter',), (1, .5), [[1, 2], [3]], []])
def test_an_argument_is_read_as_the_value(value):
    assert argument('a.b', value).startswith('a.b=')


@pytest.mark.parametrize('value', [{'type': 'DIST'}, 'two words', 'a,b', '3', 'None', "'quoted'"])
def test_values_that_a_command_line_would_change_are_refused(value):
    with pytest.raises(ValueError, match='the value .* of a.b cannot be given on a command line'):
        argument('a.b', value)


def test_a_digest_tells_options_apart_but_not_their_order():
    options = {'train_cfg.max_iters': 3, 'model.levels': (1, 2)}
    assert digest(options) == digest(dict(reversed(options.items()))) == digest({**options, 'model.levels': [1, 2]})
    assert len({digest(options), digest({**options, 'train_cfg.max_iters': 4}), digest({'train_cfg.max_iters': 3})}) == 3
