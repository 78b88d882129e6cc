/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may reach a terminal: threats 78, 79, 82 as far as text decides them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/limits.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

#define FFFD "\xEF\xBF\xBD"

typedef struct Utf8Case {
        const char *sentence;
        const char *bytes;
        size_t n;
        bool valid;
} Utf8Case;

#define BYTES(s) (s), sizeof(s) - 1

static const Utf8Case utf8_cases[] = {
        { "nothing is well-formed", BYTES(""), true },
        { "ASCII is well-formed", BYTES("abc\x7f"), true },
        { "a NUL byte is a character of its own", BYTES("a\0b"), true },
        { "two, three and four bytes are well-formed", BYTES("\xC3\xA9\xE5\xBC\xA0\xF0\xA0\xAE\xB7"), true },
        { "the first and last of each length are well-formed",
          BYTES("\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), true },
        { "an overlong slash in two bytes is refused", BYTES("\xC0\xAF"), false },
        { "an overlong slash in three bytes is refused", BYTES("\xE0\x80\xAF"), false },
        { "an overlong slash in four bytes is refused", BYTES("\xF0\x80\x80\xAF"), false },
        { "an overlong ESC is refused", BYTES("\xC0\x9B"), false },
        { "an overlong NUL is refused", BYTES("\xC0\x80"), false },
        { "the last overlong of each length is refused (2)", BYTES("\xC1\xBF"), false },
        { "the last overlong of each length is refused (3)", BYTES("\xE0\x9F\xBF"), false },
        { "the last overlong of each length is refused (4)", BYTES("\xF0\x8F\xBF\xBF"), false },
        { "a high surrogate is refused", BYTES("\xED\xA0\x80"), false },
        { "a low surrogate is refused", BYTES("\xED\xBF\xBF"), false },
        { "a pair of surrogates is refused", BYTES("\xED\xA0\xBD\xED\xB8\x80"), false },
        { "the neighbours of the surrogates are well-formed", BYTES("\xED\x9F\xBF\xEE\x80\x80"), true },
        { "U+110000 is refused", BYTES("\xF4\x90\x80\x80"), false },
        { "five bytes are refused", BYTES("\xF8\x88\x80\x80\x80"), false },
        { "FE and FF are refused", BYTES("\xFE\xFF"), false },
        { "a lone continuation byte is refused", BYTES("\x80"), false },
        { "a raw C1 byte is refused", BYTES("\x9B"), false },
        { "a character cut short is refused", BYTES("a\xE5\xBC"), false },
        { "a character interrupted by ASCII is refused", BYTES("\xE5\xBC" "a"), false },
};

static void test_utf8(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(utf8_cases); i++) {
                const Utf8Case *c = &utf8_cases[i];

                if (text_is_utf8(c->bytes, c->n) != c->valid)
                        fail_msg("%s", c->sentence);
        }
}

typedef struct TextCase {
        const char *sentence;
        const char *text;
        bool showable;
        const char *filtered; /* NULL: unchanged */
} TextCase;

static const TextCase text_cases[] = {
        { "plain words are shown", "Zhang San (3)", true, NULL },
        { "Chinese is shown", "张三，扫码登录", true, NULL },
        { "a rare character of plane 2 is shown", "\xF0\xA0\xAE\xB7", true, NULL },
        { "a character newer than the table is shown", "\xF0\xAE\xAF\xB0", true, NULL }, /* U+2EBF0 */
        { "a combining accent is shown", "e\xCC\x81", true, NULL },
        { "a newline is shown, but no part of a name", "a\nb", true, "a" FFFD "b" },
        { "a percent sign is only a character", "%n%s$(id)'\";--", true, NULL },

        /* threats 78: raw */
        { "ESC is not shown", "\x1b[31m", false, FFFD "[31m" },
        { "CSI as ESC [ is not shown", "a\x1b[2J", false, "a" FFFD "[2J" },
        { "OSC 8 is not shown", "\x1b]8;;http://x\x1b\\", false, FFFD "]8;;http://x" FFFD "\\" },
        { "OSC 52 with BEL is not shown", "\x1b]52;c;aGk=\x07", false, FFFD "]52;c;aGk=" FFFD },
        { "DCS is not shown", "\x1bP$q\x1b\\", false, FFFD "P$q" FFFD "\\" },
        { "BEL is not shown", "\x07", false, FFFD },
        { "backspace is not shown", "a\bb", false, "a" FFFD "b" },
        { "a carriage return is not shown", "a\rb", false, "a" FFFD "b" },
        { "a tab is not shown", "a\tb", false, "a" FFFD "b" },
        { "DEL is not shown", "\x7f", false, FFFD },
        { "a raw C1 CSI is not shown", "\x9b" "31m", false, FFFD "31m" },
        { "a raw C1 OSC is not shown", "\x9d" "0;x\x9c", false, FFFD "0;x" FFFD },
        { "a raw C1 DCS is not shown", "\x90q", false, FFFD "q" },
        /* threats 78: as UTF-8 */
        { "C1 CSI as UTF-8 is not shown", "\xC2\x9B" "31m", false, FFFD "31m" },
        { "C1 OSC and ST as UTF-8 are not shown", "\xC2\x9D" "0;x\xC2\x9C", false, FFFD "0;x" FFFD },
        { "C1 DCS as UTF-8 is not shown", "\xC2\x90", false, FFFD },
        { "NEL is not shown", "\xC2\x85", false, FFFD },
        { "an overlong ESC is not shown", "\xC0\x9B" "c", false, FFFD FFFD "c" },
        { "an overlong newline is not shown", "\xE0\x80\x8A", false, FFFD FFFD FFFD },
        { "a surrogate is not shown", "\xED\xA0\x80", false, FFFD FFFD FFFD },
        { "a name cut inside a character ends in a mark", "张\xE4\xB8", false, "张" FFFD FFFD },

        /* threats 79 */
        { "right-to-left override is not shown", "a\xE2\x80\xAE" "b", false, "a" FFFD "b" },
        { "left-to-right embedding is not shown", "\xE2\x80\xAA", false, FFFD },
        { "pop directional formatting is not shown", "\xE2\x80\xAC", false, FFFD },
        { "the isolates are not shown", "\xE2\x81\xA6\xE2\x81\xA7\xE2\x81\xA8\xE2\x81\xA9", false,
          FFFD FFFD FFFD FFFD },
        { "the direction marks are not shown", "\xE2\x80\x8E\xE2\x80\x8F\xD8\x9C", false, FFFD FFFD FFFD },
        { "zero width space and joiners are not shown", "\xE2\x80\x8B\xE2\x80\x8C\xE2\x80\x8D", false,
          FFFD FFFD FFFD },
        { "word joiner is not shown", "\xE2\x81\xA0", false, FFFD },
        { "a byte order mark is not shown", "\xEF\xBB\xBF" "a", false, FFFD "a" },
        { "soft hyphen is not shown", "a\xC2\xAD" "b", false, "a" FFFD "b" },
        { "line and paragraph separators are not shown", "\xE2\x80\xA8\xE2\x80\xA9", false, FFFD FFFD },
        { "a variation selector is not shown", "\xE2\x98\x80\xEF\xB8\x8F", false, "\xE2\x98\x80" FFFD },
        { "an ideographic variation selector is not shown", "葛\xF3\xA0\x84\x80", false, "葛" FFFD },
        { "tags are not shown", "\xF3\xA0\x80\x81\xF3\xA0\x81\xA1", false, FFFD FFFD },
        { "Hangul fillers are not shown", "\xE1\x85\x9F\xE3\x85\xA4\xEF\xBE\xA0", false, FFFD FFFD FFFD },
        { "combining grapheme joiner is not shown", "\xCD\x8F", false, FFFD },
        { "Mongolian vowel separator is not shown", "\xE1\xA0\x8E", false, FFFD },
        { "interlinear annotation is not shown", "\xEF\xBF\xB9", false, FFFD },
        { "noncharacters are not shown", "\xEF\xBF\xBE\xEF\xB7\x90\xF4\x8F\xBF\xBF", false, FFFD FFFD FFFD },
        { "private use is not shown", "\xEE\x80\x80\xF3\xB0\x80\x80", false, FFFD FFFD },
};

static void test_showable(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(text_cases); i++)
                if (text_is_showable(text_cases[i].text) != text_cases[i].showable)
                        fail_msg("%s", text_cases[i].sentence);
}

static void test_filter(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(text_cases); i++) {
                const TextCase *c = &text_cases[i];
                _cleanup_(freep) char *s = NULL, *again = NULL;

                print_message("         %s\n", c->sentence);
                assert_int_equal(text_filter(c->text, LIMIT_NAME_BYTES, &s), 0);
                assert_string_equal(s, c->filtered ? c->filtered : c->text);
                assert_true(text_is_showable(s));
                assert_null(strchr(s, '\n'));
                /* Filtering twice changes nothing more. */
                assert_int_equal(text_filter(s, LIMIT_NAME_BYTES, &again), 0);
                assert_string_equal(s, again);
        }
}

typedef struct CutCase {
        const char *sentence;
        const char *text;
        size_t n_max;
        const char *filtered;
} CutCase;

static const CutCase cut_cases[] = {
        { "what fits exactly stays whole", "abcdef", 6, "abcdef" },
        { "what is too long ends in an ellipsis", "abcdefg", 6, "abc…" },
        { "a wide character is not cut in two", "张三丰李四", 9, "张三…" },
        { "what fits exactly stays whole, wide", "张三丰", 9, "张三丰" },
        { "room for the ellipsis alone", "abcdef", 3, "…" },
        { "no room for an ellipsis", "abcdef", 2, "ab" },
        { "no room at all", "abc", 0, "" },
        { "nothing stays nothing", "", 4, "" },
        { "marks count with their length", "\x01\x02\x03", 6, FFFD "…" },
};

static void test_cut(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(cut_cases); i++) {
                const CutCase *c = &cut_cases[i];
                _cleanup_(freep) char *s = NULL;

                print_message("         %s\n", c->sentence);
                assert_int_equal(text_filter(c->text, c->n_max, &s), 0);
                assert_string_equal(s, c->filtered);
        }
}

/* Each code point there is: never a control, never longer than allowed, and the three functions agree. */
static void test_every_code_point(_unused_ void **state) {
        for (uint32_t c = 1; c <= 0x10FFFF; c++) {
                char s[5] = {}, f[8];
                _cleanup_(freep) char *out = NULL;
                bool valid = c < 0xD800 || c > 0xDFFF;

                if (c < 0x80)
                        s[0] = (char)c;
                else if (c < 0x800) {
                        s[0] = (char)(0xC0 | c >> 6);
                        s[1] = (char)(0x80 | (c & 0x3F));
                } else if (c < 0x10000) {
                        s[0] = (char)(0xE0 | c >> 12);
                        s[1] = (char)(0x80 | (c >> 6 & 0x3F));
                        s[2] = (char)(0x80 | (c & 0x3F));
                } else {
                        s[0] = (char)(0xF0 | c >> 18);
                        s[1] = (char)(0x80 | (c >> 12 & 0x3F));
                        s[2] = (char)(0x80 | (c >> 6 & 0x3F));
                        s[3] = (char)(0x80 | (c & 0x3F));
                }

                if (text_is_utf8(s, strlen(s)) != valid)
                        fail_msg("U+%04X: valid is wrong", c);
                if (text_filter(s, sizeof(f) - 1, &out) != 0)
                        fail();
                if (c != '\n' && text_is_showable(s) != (strcmp(out, s) == 0))
                        fail_msg("U+%04X: filter and test differ", c);
                if (text_width(s) > 2)
                        fail_msg("U+%04X: width", c);
                if (text_is_showable(s) &&
                    ((c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0) || (c >= 0x200B && c <= 0x200F) ||
                     (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
                     (c & 0xFFFE) == 0xFFFE || (c >= 0xE000 && c <= 0xF8FF) || (c >= 0xE0000 && c <= 0xE0FFF)))
                        fail_msg("U+%04X is shown", c);
        }
}

typedef struct PictureCase {
        const char *sentence;
        const char *picture;
        bool fits;
} PictureCase;

/* threats 80, the characters */
static const PictureCase picture_cases[] = {
        { "half blocks, spaces and newlines are a picture", "\xE2\x96\x80\xE2\x96\x84 \xE2\x96\x88\n", true },
        { "number signs are a picture", "## ##\n# # #\n", true },
        { "the whole block of block elements is a picture", "\xE2\x96\x80\xE2\x96\x9F", true },
        { "the empty picture", "", true },
        { "colours are part of a picture", "\x1b[30;47m#\x1b[0m\n", true },
        { "true colours are part of a picture", "\x1b[38;2;255;255;255;48;2;0;0;0m#\x1b[m", true },
        { "the block before block elements is refused", "\xE2\x95\xBF", false },
        { "the block behind block elements is refused", "\xE2\x96\xA0", false },
        { "a letter is refused", "##a", false },
        { "a tab is refused", "#\t#", false },
        { "a carriage return is refused", "#\r", false },
        { "a cursor movement is refused", "\x1b[2A#", false },
        { "clearing the screen is refused", "\x1b[2J", false },
        { "OSC is refused", "\x1b]0;x\x07", false },
        { "a private parameter is refused", "\x1b[?25m", false },
        { "a subparameter is refused", "\x1b[38:5:1m", false },
        { "an ESC alone is refused", "\x1b", false },
        { "a sequence without end is refused", "\x1b[30;47", false },
        { "a sequence that is too long is refused", "\x1b[000000000000000000000000000000000000m", false },
        { "a C1 CSI is refused", "\xC2\x9B" "30m", false },
        { "a block element cut short is refused", "\xE2\x96", false },
        { "zero width in between is refused", "#\xE2\x80\x8B#", false },
};

static void test_picture(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(picture_cases); i++)
                if (text_is_picture(picture_cases[i].picture) != picture_cases[i].fits)
                        fail_msg("%s", picture_cases[i].sentence);
}

typedef struct WidthCase {
        const char *sentence;
        const char *text;
        size_t width;
} WidthCase;

static const WidthCase width_cases[] = {
        { "nothing takes nothing", "", 0 },
        { "ASCII takes one column each", "abc 1", 5 },
        { "Chinese takes two each", "单位名称", 8 },
        { "full-width punctuation takes two", "，（）", 6 },
        { "full-width letters take two", "ＡＢ１", 6 },
        { "half-width katakana takes one", "\xEF\xBD\xB1", 1 },
        { "plane 2 takes two", "\xF0\xA0\xAE\xB7", 2 },
        { "the end of plane 3 takes two", "\xF0\xBF\xBF\xBD", 2 },
        { "a combining accent takes none", "e\xCC\x81", 1 },
        { "a Hangul syllable in parts takes two", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", 2 },
        { "block elements take one", "\xE2\x96\x80\xE2\x96\x88", 2 },
        { "a mark in place of a character takes one", FFFD, 1 },
        { "an emoji takes two", "\xF0\x9F\x98\x80", 2 },
};

static void test_width(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(width_cases); i++)
                if (text_width(width_cases[i].text) != width_cases[i].width)
                        fail_msg("%s: %zu", width_cases[i].sentence, text_width(width_cases[i].text));
}

typedef struct MaskCase {
        const char *sentence;
        const char *text;
        const char *masked;
} MaskCase;

static const MaskCase mask_cases[] = {
        { "a mobile number keeps three and four", "19900000001", "199****0001" },
        { "an identity number keeps three and four", "990000199001010019", "990***********0019" },
        { "an identity number may end in X", "99000019900101001X", "990***********001X" },
        { "a name keeps a quarter at each end", "ceshi_ia", "ce****ia" },
        { "a name of four keeps one at each end", "abcd", "a**d" },
        { "a name of three keeps nothing", "张小三", "***" },
        { "a Chinese name of four keeps one at each end", "欧阳修远", "欧**远" },
        { "one character keeps nothing", "a", "*" },
        { "nothing stays nothing", "", "" },
        { "control characters do not survive at the ends", "\x1b" "bcdefg\x9b", FFFD "b****g" FFFD },
        { "eleven letters are no mobile number", "abcdefghijk", "ab*******jk" },
};

static void test_mask(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(mask_cases); i++) {
                _cleanup_(freep) char *s = NULL;

                print_message("         %s\n", mask_cases[i].sentence);
                assert_int_equal(text_mask(mask_cases[i].text, &s), 0);
                assert_string_equal(s, mask_cases[i].masked);
        }
}

/* threats 76, 82: a megabyte of anything is cut, not followed. */
static void test_long(_unused_ void **state) {
        _cleanup_(freep) char *s = NULL, *filtered = NULL, *masked = NULL;
        const size_t n = 1024 * 1024;

        s = malloc(n + 1);
        assert_non_null(s);
        memset(s, 'x', n);
        s[n] = '\0';
        assert_int_equal(text_filter(s, LIMIT_NAME_BYTES, &filtered), 0);
        assert_int_equal(strlen(filtered), LIMIT_NAME_BYTES);
        assert_int_equal(text_mask(s, &masked), 0);
        assert_true(strlen(masked) <= LIMIT_USER_BYTES);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_showable),
                cmocka_unit_test(test_filter),
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_every_code_point),
                cmocka_unit_test(test_picture),
                cmocka_unit_test(test_width),
                cmocka_unit_test(test_mask),
                cmocka_unit_test(test_long),
        };

        return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
