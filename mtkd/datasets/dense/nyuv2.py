"""NYUv2 with 13 classes, as MTAN's authors prepared it."""

from mtkd.registry import DATASETS

from .mtan_layout import MTANLayout


@DATASETS.register_module()
class NYUv2MTAN(MTANLayout):
    """Indoor scenes with 13 classes, depth and normals: ``{train,val}/{image,label,depth,normal}/<number>.npy``.

    The release is 288x384 with 795 training and 654 test images (its ``val``). Depth is in metres, 0 invalid. The direction
    of the normals' z is that of the release.

    In memory, the 795 training samples take 1.7 GB at 288x384 and 200 MB at 96x128.

    Args:
        **kwargs: see :class:`~mtkd.datasets.dense.mtan_layout.MTANLayout` and :class:`~mtkd.datasets.base.TaskDataset`.

    Source: fact sheet 2.3; the classes are those of Couprie et al. 2013.
    """

    OFFERS = {'semseg': 'class_map', 'depth': 'depth', 'normals': 'normals'}
    NUM_CLASSES = {'semseg': 13}
    CLASSES = {'semseg': ('bed', 'books', 'ceiling', 'chair', 'floor', 'furniture', 'objects', 'picture', 'sofa', 'table',
                          'tv', 'wall', 'window')}
    FOLDERS = {'image': ('image',), 'semseg': ('label',), 'depth': ('depth',), 'normals': ('normal',)}
