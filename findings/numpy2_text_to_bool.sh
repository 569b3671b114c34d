#!/usr/bin/env bash
# np.array(list('01')).astype(bool): NumPy 1.26 first converts the text to a number, so that '0' is False. NumPy 2.3 converts any
# non-empty text to True, without a warning. Code that derives binary codes from format(i, 'b') then gets the same code for every i.
# LibMTL 4336804 does this in its DSelect_k, which then selects the same expert everywhere.
# Observed: 1.26.4 [False, True]; 2.3.5 [True, True].
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
seen=
for version in 1.26.4 2.3.5; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet "numpy==$version"
    line=$("$folder/$version/bin/python" -c "import numpy as np; print(np.array(list('01')).astype(bool).tolist())")
    echo "$version $line"; seen="$seen$line"
done
[ "$seen" = '[False, True][True, True]' ] || { echo 'changed'; exit 1; }
