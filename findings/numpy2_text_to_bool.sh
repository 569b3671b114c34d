#!/usr/bin/env bash
# np.array(list('01')).astype(bool): NumPy 1.26 reads text as a number first, '0' is False. NumPy 2.3 takes any text that is not
# empty as True, and says nothing. Code that makes binary codes of format(i, 'b') selects the same code everywhere: LibMTL 4336804
# does so in its DSelect_k, whose experts are then all the same one.
# Seen: 1.26.4 [False, True]; 2.3.5 [True, True].
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
