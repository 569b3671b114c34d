"""Data sets of faces, one adapter per file. They contain images of real people with guessed or declared attributes:
docs/mechanisms/faces.md describes the meaning and the limits of the labels.
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
