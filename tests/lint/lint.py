# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the checks of this folder share

A check is a function of a tree: it takes the root folder and returns findings, one line each; none
means that all is well. Beside it stands a table of small trees that it must find fault with, and of
one that it must pass, so that a check which has gone blind is seen at once:

    check-x [ROOT]       findings on standard output, exit 1 if there are any
    check-x --self-test  the table, exit 1 if a case does not come out as told
"""

import os
import sys
import tempfile

SKIPPED = (".git", "__pycache__", "node_modules", "corpus")


def files(root, suffixes=None):
    """Paths below root, relative and sorted; what is built or generated is left out."""
    found = []
    for path, names, members in os.walk(root):
        names[:] = [n for n in names if n not in SKIPPED
                    and not (path == root and n.startswith("build"))]
        found += [os.path.relpath(os.path.join(path, m), root) for m in members]
    return sorted(f for f in found if suffixes is None or f.endswith(tuple(suffixes)))


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def plant(root, tree):
    """Write a dict of path -> text below root."""
    for path, text in tree.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def self_test(check, cases):
    """cases: (sentence, tree, what one finding must contain, or None for no finding at all)"""
    failed = 0
    for sentence, tree, expected in cases:
        with tempfile.TemporaryDirectory(prefix="itax-lint-") as root:
            plant(root, tree)
            found = check(root)
        good = not found if expected is None else any(expected in f for f in found)
        if not good:
            failed += 1
            print(f"self-test failed: {sentence}: expected {expected!r}, found {found}")
    return failed


def main(check, cases):
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(1 if self_test(check, cases) else 0)
    found = check(sys.argv[1] if len(sys.argv) > 1 else ".")
    for finding in found:
        print(finding)
    sys.exit(1 if found else 0)
