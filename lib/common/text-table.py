#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print lib/common/text-table.h from the Unicode Character Database.

Run by hand when the database changes:  lib/common/text-table.py /usr/share/unicode > lib/common/text-table.h
(Debian package unicode-data). The result is kept in the tree, so a build needs neither of them.
"""

import re
import sys

REFUSED, ZERO, WIDE = "TEXT_REFUSED", "TEXT_ZERO", "TEXT_WIDE"
ROW = re.compile(r"^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*(\w+)")


def rows(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = ROW.match(line)
            if match:
                first, last, value = match.groups()
                yield range(int(first, 16), int(last or first, 16) + 1), value


def version(path):
    with open(path, encoding="utf-8") as lines:
        return re.search(r"-([0-9.]+)\.txt", lines.readline()).group(1)


def main(folder):
    classes = {}

    def put(points, value):
        for point in points:
            classes[point] = value

    # Later puts win: what is refused is refused whatever its width.
    for points, value in rows(folder + "/EastAsianWidth.txt"):
        if value in ("W", "F"):
            put(points, WIDE)
    for points, value in rows(folder + "/extracted/DerivedGeneralCategory.txt"):
        if value in ("Mn", "Me"):
            put(points, ZERO)
    put(range(0x1160, 0x1200), ZERO)  # Hangul vowels and finals join the syllable before them
    put(range(0xD7B0, 0xD7FC), ZERO)
    for points, value in rows(folder + "/extracted/DerivedGeneralCategory.txt"):
        if value in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            put(points, REFUSED)
    for points, value in rows(folder + "/DerivedCoreProperties.txt"):
        if value == "Default_Ignorable_Code_Point":
            put(points, REFUSED)
    for points, value in rows(folder + "/PropList.txt"):
        if value in ("Bidi_Control", "Noncharacter_Code_Point"):
            put(points, REFUSED)

    ranges = []
    for point in sorted(classes):
        if ranges and ranges[-1][1] == point - 1 and ranges[-1][2] == classes[point]:
            ranges[-1][1] = point
        else:
            ranges.append([point, point, classes[point]])

    print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
    print("#pragma once\n")
    print("/* Text table: code points that are not one column wide, and those that are never shown")
    print(" *")
    print(" * Made by text-table.py from Unicode %s; do not edit. Sorted, without overlap. */\n"
          % version(folder + "/EastAsianWidth.txt"))
    print("static const TextRange text_table[] = {")
    for first, last, value in ranges:
        print("        { 0x%04X, 0x%04X, %s }," % (first, last, value))
    print("};")


if __name__ == "__main__":
    main(sys.argv[1])
