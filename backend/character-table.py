#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print backend/character-table.h: Chinese characters by radical and strokes, from the Unicode Character Database.

Run by hand when Unicode grows (Debian package unicode-data):  backend/character-table.py >backend/character-table.h
The result is kept in the tree: a build needs none of this, and every machine of a platform offers the same.
"""

import bz2
import re

FOLDER = '/usr/share/unicode'
WIDTH = 36  # characters a line
# How a radical looks in a part of a character, where people look for it; CJKRadicals.txt has only the
# simplified ones. 阝 is one radical at the left and another at the right.
VARIANTS = {4: '乛', 5: '乚', 9: '亻', 18: '刂', 26: '㔾', 42: '⺌', 47: '巛', 58: '彑', 61: '忄', 64: '扌', 66: '攵', 71: '旡',
            85: '氵', 86: '灬', 87: '爫', 93: '牜', 94: '犭', 113: '礻', 118: '⺮', 122: '罒', 130: '⺼', 140: '艹', 145: '衤',
            146: '覀', 157: '⻊', 162: '辶', 163: '阝', 170: '阝'}
STROKES = {'乛': 1, '⺌': 3, '⺮': 6, '⺼': 4, '⻊': 7, '阝': 2, '覀': 6, '艹': 3, '辶': 3, '攵': 4, '罒': 5, '爫': 4, '牜': 4}


def lines(name):
    opened = bz2.open if name.endswith('.bz2') else open
    with opened(f'{FOLDER}/{name}', 'rt', encoding='utf-8') as file:
        for line in file:
            line = line.split('#')[0].strip()
            if line:
                yield line


def is_offered(point):
    """Not the compatibility ideographs: they are a second spelling of another one, and backend/document.c
    refuses them; but for the twelve that are none in truth (Unicode 15.0, section 18.1)."""
    if 0xf900 <= point <= 0xfaff:
        return point in (0xfa0e, 0xfa0f, 0xfa11, 0xfa13, 0xfa14, 0xfa1f, 0xfa21, 0xfa23, 0xfa24, 0xfa27, 0xfa28, 0xfa29)
    return not 0x2f800 <= point <= 0x2fa1f


def main():
    groups, strokes = {}, {}
    for line in lines('Unihan_IRGSources.txt.bz2'):
        point, key, value = line.split('\t')
        point = int(point[2:], 16)
        if key == 'kTotalStrokes':
            strokes[chr(point)] = int(value.split()[0])
        elif key == 'kRSUnicode' and is_offered(point):
            for entry in value.split():
                radical, simplified, rest = re.fullmatch(r"(\d+)('*)\.(-?\d+)", entry).groups()
                groups.setdefault((int(radical), bool(simplified), max(0, int(rest))), set()).add(point)
    with open(f'{FOLDER}/CJKRadicals.txt', encoding='utf-8') as file:
        version = re.search(r'CJKRadicals-([\d.]+)\.txt', file.readline()).group(1)

    forms = []
    for line in lines('CJKRadicals.txt'):
        number, _, point = (field.strip() for field in line.split(';'))
        form, radical, simplified = chr(int(point, 16)), int(number.rstrip("'")), "'" in number
        forms.append((strokes[form], radical, int(simplified), form))
    for radical, variants in VARIANTS.items():
        for form in variants:
            forms.append((STROKES.get(form) or strokes[form], radical, 0, form))

    print('/* SPDX-License-Identifier: LGPL-2.1-or-later AND Unicode-DFS-2016 */')
    print(f'/* Made by backend/character-table.py from the Unicode Character Database {version}: CJKRadicals.txt, and')
    print(' * kRSUnicode and kTotalStrokes of Unihan_IRGSources.txt. Copyright 1991-2022 Unicode, Inc.; licence and')
    print(' * notice: packaging/debian/copyright. */')
    print('\n/* by strokes of the form */\nstatic const CharacterRadical radicals[] = {')
    for n, radical, simplified, form in sorted(forms):
        print(f'        {{ {radical}, {simplified}, {n}, "{form}" }},')
    print('};\n\n/* by radical, full form first, and strokes beside it */\nstatic const CharacterGroup groups[] = {')
    for (radical, simplified, rest), points in sorted(groups.items()):
        text = ''.join(map(chr, sorted(points)))
        pieces = [text[i:i + WIDTH] for i in range(0, len(text), WIDTH)]
        print(f'        {{ {radical}, {int(simplified)}, {rest}, ' + '\n          '.join(f'"{piece}"' for piece in pieces) + ' },')
    print('};')


main()
