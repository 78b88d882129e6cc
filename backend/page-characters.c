/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/character.h"
#include "backend/page-characters.h"

#define KEY_BYTES 16

/* "149" is 言, "149s" is 讠. */
static void key_of(const CharacterRadical *radical, char ret[static KEY_BYTES]) {
        (void)snprintf(ret, KEY_BYTES, "%d%s", radical->number, radical->simplified ? "s" : "");
}

static const CharacterRadical *radical_of(const Request *request) {
        const char *typed = request_field(request, "radical");

        for (size_t i = 0; typed && i < n_character_radicals; i++) {
                char key[KEY_BYTES];

                key_of(&character_radicals[i], key);
                if (strcmp(key, typed) == 0)
                        return &character_radicals[i];
        }
        return NULL;
}

/* -1: none. */
static int strokes_of(const Request *request) {
        const char *typed = request_field(request, "strokes");
        size_t n = typed ? strlen(typed) : 0;

        return n > 0 && n <= 2 && strspn(typed, "0123456789") == n ? atoi(typed) : -1;
}

/* A radical of several shapes stands at each of them; the first is the one shown as chosen. */
static void print_radicals(Html *html, const CharacterRadical *chosen) {
        int strokes = 0;

        for (size_t i = 0; i < n_character_radicals; i++) {
                const CharacterRadical *radical = &character_radicals[i];
                char key[KEY_BYTES];

                if (radical->strokes != strokes) {
                        html_print(html,
                                   strokes > 0 ? "</optgroup><optgroup label=\"%d %s\">"
                                               : "<optgroup label=\"%d %s\">",
                                   (int64_t)radical->strokes, html_words(html, "画", "strokes"));
                        strokes = radical->strokes;
                }
                key_of(radical, key);
                html_print(html,
                           radical == chosen ? "<option value=\"%s\" selected>%s</option>"
                                             : "<option value=\"%s\">%s</option>",
                           key, radical->form);
        }
        html_print(html, "</optgroup>");
}

static void print_strokes(Html *html, int chosen) {
        for (int i = -1; (i = characters_strokes_next(i)) >= 0;)
                html_print(html,
                           i == chosen ? "<option selected>%d</option>" : "<option>%d</option>",
                           (int64_t)i);
}

static void print_found(Html *html, const char *found) {
        char text[CHARACTER_BYTES + 1], point[16];
        uint32_t c;

        html_print(html, "<div class=\"characters\">");
        while ((c = character_next(&found, text)) != 0) {
                (void)snprintf(point, sizeof(point), "U+%04X", c);
                html_print(html,
                           "<button class=\"character\" name=\"pick\" value=\"%s\" title=\"%s\""
                           " formnovalidate>%s</button>",
                           text, point, text);
        }
        html_print(html, "</div><p class=\"hint\">%s</p>",
                   html_words(html, "显示为方框的，是本机没有字形的字，选取后照样完整保存。",
                              "A box stands for a character that this device has no picture of; it is"
                              " kept whole all the same."));
}

static void print_result(Html *html, const CharacterRadical *radical, int strokes) {
        const char *found = radical && strokes >= 0 ? characters_find(radical, strokes) : NULL;

        html_print(html, "<div id=\"characters\">");
        if (found)
                print_found(html, found);
        else if (radical && strokes >= 0)
                html_print(html, "<p class=\"hint\">%s</p>",
                           html_words(html, "没有这样的字，请换一个部首或笔画数。",
                                      "There is no such character. Please try another radical or"
                                      " number."));
        else
                html_print(html, "<p class=\"hint\">%s</p>",
                           html_words(html, "请选择部首和部首以外的笔画数。",
                                      "Please choose a radical and the number of strokes beside"
                                      " it."));
        html_print(html, "</div>");
}

void part_characters(Html *html, const Request *request) {
        const CharacterRadical *radical = radical_of(request);
        int strokes = strokes_of(request);

        html_print(html,
                   part_characters_asked(request) ? "<details id=\"rare\" open>"
                                                  : "<details id=\"rare\">");
        html_print(html, "<summary>%s</summary><div class=\"row\"><div>",
                   html_words(html, "有打不出的生僻字？按部首和笔画查找",
                              "A character that you cannot type? Find it by radical"));
        html_print(html,
                   "<label for=\"radical\">%s</label><select id=\"radical\" name=\"radical\""
                   " data-part=\"characters\" data-by=\"find\"><option value=\"\">%s</option>",
                   html_words(html, "部首", "Radical"), html_words(html, "请选择", "Choose"));
        print_radicals(html, radical);
        html_print(html,
                   "</select></div><div><label for=\"strokes\">%s</label><select id=\"strokes\""
                   " name=\"strokes\" data-part=\"characters\" data-by=\"find\">"
                   "<option value=\"\">%s</option>",
                   html_words(html, "部首外笔画", "Strokes beside"),
                   html_words(html, "请选择", "Choose"));
        print_strokes(html, strokes);
        html_print(html,
                   "</select></div></div><button class=\"second\" name=\"find\" value=\"1\""
                   " formnovalidate>%s</button>",
                   html_words(html, "查找", "Find"));
        print_result(html, radical, strokes);
        html_print(html, "<p id=\"picked\" class=\"hint\" role=\"status\"></p></details>");
}

bool part_characters_asked(const Request *request) {
        return request_field(request, "find") || request_field(request, "pick");
}
