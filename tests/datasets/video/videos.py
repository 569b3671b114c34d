"""Tiny videos whose frames encode their number, for the tests of this folder."""

import cv2
import numpy as np
import pytest

BITS, CELL = 8, 8


def numbered(number):
    """(32, 64, 3) uint8 RGB: above, the number's bits as black and white cells; below, red."""
    frame = np.zeros((32, BITS * CELL, 3), np.uint8)
    frame[16:] = (250, 0, 0)
    for bit in range(BITS):
        frame[:16, bit * CELL:(bit + 1) * CELL] = 255 * (number >> bit & 1)
    return frame


def number_of(frame):
    """The number that a frame encodes, for any codec and size."""
    small = cv2.resize(frame, (BITS * CELL, 32), interpolation=cv2.INTER_AREA)[4:12].mean((0, 2))
    return sum(1 << bit for bit in range(BITS) if small[bit * CELL + 2:bit * CELL + 6].mean() > 128)


def write_video(path, count, codec='MJPG'):
    """Write a video of ``count`` numbered frames; skips the test if OpenCV lacks the codec."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, (BITS * CELL, 32))
    if not writer.isOpened():
        pytest.skip(f'this OpenCV cannot write {codec} videos')
    for number in range(count):
        writer.write(numbered(number)[..., ::-1])
    writer.release()


def write_frames(folder, count, name='{:05d}.png'):
    """The same frames as a folder of images."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        assert cv2.imwrite(str(folder / name.format(number)), numbered(number)[..., ::-1])
