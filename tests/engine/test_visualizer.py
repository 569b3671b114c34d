"""The visualizer creates its figure when something is drawn, and draws as MMEngine's."""

import numpy as np
from mmengine.visualization import Visualizer

from mtkd import registry
from mtkd.engine import DeferredVisualizer
from mtkd.frame import mirror_of


def test_a_training_draws_no_figure_and_a_drawing_has_one(tmp_path):
    """Matplotlib is imported only for a figure; MMEngine's visualizer creates one at once."""
    visualizer = DeferredVisualizer('scalars', save_dir=str(tmp_path), vis_backends=[{'type': 'LocalVisBackend'}])
    visualizer.add_scalars({'loss': 1.0}, step=1)
    assert 'fig_save' not in vars(visualizer) and not hasattr(visualizer, 'nothing')
    theirs = Visualizer('theirs', image=np.zeros((20, 30, 3), np.uint8))
    ours = DeferredVisualizer('ours', image=np.zeros((20, 30, 3), np.uint8))
    for each in (theirs, ours):
        each.draw_bboxes(np.array([[2.0, 2.0, 9.0, 9.0]]))
    assert np.array_equal(theirs.get_image(), ours.get_image()) and ours.dpi == theirs.dpi


def test_a_config_that_names_a_visualizer_gets_the_deferred_one():
    assert mirror_of(registry.VISUALIZERS).get('Visualizer') is DeferredVisualizer
