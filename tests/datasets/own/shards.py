"""The rooms as .tar shards."""

import io
import tarfile

import numpy as np

from .rooms import COUNT, SCENES, png, room


def parts_of(number):
    """Suffix -> bytes of a room; room 3 has no depth."""
    image, classes, depth = room(number)
    stream = io.BytesIO()
    np.save(stream, depth)
    parts = {'png': png(image), 'seg.png': png(classes), 'json': f'{{"age": {number}, "name": "x"}}'.encode()}
    if SCENES[number % 3] is not None:
        parts['cls'] = SCENES[number % 3].encode()
    return parts if number == 3 else {**parts, 'depth.npy': stream.getvalue()}


def write_tar(path, files):
    """A shard of (name, bytes) in their order."""
    with tarfile.open(path, 'w') as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def write_rooms(folder, counts=(3, 1, 4)):
    """Write ``train-0.tar``, … with the given numbers of rooms."""
    first = 0
    for number, count in enumerate(counts):
        write_tar(folder / f'train-{number}.tar', [(f'./a/room{i}.{suffix}', content) for i in range(first, first + count)
                                                   for suffix, content in parts_of(i).items()])
        first += count
    assert first == COUNT
