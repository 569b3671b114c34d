import matplotlib
from matplotlib.colors import to_rgb

from mtkd.plot_style import COLOURS, STYLE


def test_matplotlib_takes_it_and_colours_differ():
    with matplotlib.rc_context(STYLE):
        assert matplotlib.rcParams['legend.frameon'] is False
    brightness = sorted(0.299 * r + 0.587 * g + 0.114 * b for r, g, b in map(to_rgb, COLOURS))
    assert len(set(COLOURS)) == len(COLOURS) and brightness[0] == 0 and brightness[-1] < 0.7, 'all must differ from white'
