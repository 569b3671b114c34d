#!/usr/bin/env bash
# OpenEXR depth maps: the wheel of opencv-python 4.12 reads and writes them once OPENCV_IO_ENABLE_OPENEXR=1 is set. The wheel of
# opencv-python 5.0 is built without the codec: the variable has no effect, and imwrite raises an error.
# Observed: 4.12.0.88 writes and reads the map; 5.0.0.93 raises cv2.error, and its build information says "OpenEXR: NO".
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cat >"$folder/exr.py" <<'PY'
import sys
import cv2
import numpy as np
depth = np.linspace(0.5, 9.5, 12, dtype=np.float32).reshape(3, 4)
try:
    cv2.imwrite(sys.argv[1], depth)
    read = cv2.imread(sys.argv[1], cv2.IMREAD_UNCHANGED)
    print(cv2.__version__, 'reads' if read is not None and np.allclose(read, depth, atol=0.01) else 'reads something else')
except cv2.error:
    print(cv2.__version__, 'raises')
PY
seen=
for version in 4.12.0.88 5.0.0.93; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet "opencv-python-headless==$version" numpy
    line=$(OPENCV_IO_ENABLE_OPENEXR=1 "$folder/$version/bin/python" "$folder/exr.py" "$folder/$version.exr" 2>/dev/null)
    echo "$line"; seen="$seen ${line#* }"
done
[ "$seen" = ' reads raises' ] || { echo "changed: expected 'reads', then 'raises'"; exit 1; }
