"""Data sets of faces, one adapter a file. They are images of real people with guessed or declared attributes:
docs/mechanisms/faces.md says what the labels are and are not for.
"""

from .adience import Adience
from .affectnet import AffectNet
from .fairface import FairFace
from .fer2013 import FER2013
from .imdb_wiki import IMDBWIKI
from .morph import MORPH2
from .raf_db import RAFDB
from .utkface import UTKFace

__all__ = ['FER2013', 'IMDBWIKI', 'MORPH2', 'RAFDB', 'Adience', 'AffectNet', 'FairFace', 'UTKFace']
