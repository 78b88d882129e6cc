/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wrap: pieces that must not be divided, laid into lines one after the other.
 *
 * Chinese may be divided between any two characters but where a sign forbids it (GB/T 15834); it reads better
 * when the words that our texts are made of stay whole, and a number its unit. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/wrap.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

typedef struct Character {
        uint32_t code;
        size_t n_bytes, width;
} Character;

/* The character at @s; text that is showable is well-formed. */
static Character character_at(const char *s) {
        Character c = { .code = 0 };
        char alone[5] = "";

        c.n_bytes = text_decode(s, strnlen(s, 4), &c.code);
        if (c.n_bytes == 0)
                return (Character){ .code = (unsigned char)*s, .n_bytes = *s ? 1 : 0 };

        memcpy(alone, s, c.n_bytes);
        c.width = text_width(alone);
        return c;
}

static bool is_in(uint32_t code, const char *set) {
        for (const char *p = set; *p;) {
                Character c = character_at(p);

                if (c.code == code)
                        return true;
                p += c.n_bytes;
        }
        return false;
}

static bool opens(uint32_t code) {
        return is_in(code, "（【《“‘");
}

static bool closes(uint32_t code) {
        return is_in(code, "、。，：；？！）】》”’…");
}

static const char *const words[] = {
        "统一社会信用代码", "纳税人识别号", "办税服务厅", "居民身份证", "管理员", "验证码", "二维码", "手机号码",
        "证件号码", "登录名", "密码", "账号", "单位", "申报", "手机", "号码", "登录", "扫码", "平台", "确认",
        "锁定", "重新", "输入", "办税", "授权", "关系", "证书", "税务", "代码", "稍后", "再试", "终端", "网址",
        "页面", "选择", "没有", "无法", "可以", "联系", "重置", "忘记", "注册", "姓名", "有效", "剩余", "机会",
        "图片", "字符", "数字", "本机", "服务", "程序", "错误", "正确", "返回", "修改", "设置", "新密码",
};
static const char *const measures[] = { "分钟", "小时", "个", "次", "位", "天", "秒", "家", "页" };

/* Bytes of the longest of @list that @s begins with; 0 for none. */
static size_t longest(const char *s, const char *const *list, size_t n) {
        size_t best = 0;

        for (size_t i = 0; i < n; i++) {
                const size_t n_word = strlen(list[i]);

                if (n_word > best && strncmp(s, list[i], n_word) == 0)
                        best = n_word;
        }
        return best;
}

typedef struct Piece {
        const char *start;
        size_t n_bytes, width;
} Piece;

static void piece_take(Piece *piece, const Character *c) {
        piece->n_bytes += c->n_bytes;
        piece->width += c->width;
}

static void piece_take_bytes(Piece *piece, size_t n) {
        while (n > 0) {
                const Character c = character_at(piece->start + piece->n_bytes);

                piece_take(piece, &c);
                n = n > c.n_bytes ? n - c.n_bytes : 0;
        }
}

static bool ends_in_digit(const Piece *piece) {
        return piece->n_bytes > 0 && piece->start[piece->n_bytes - 1] >= '0' &&
                piece->start[piece->n_bytes - 1] <= '9';
}

/* What comes at @s, which is no space: a word, or one wide character, with the signs that belong to
 * it. */
static Piece piece_at(const char *s) {
        Piece piece = { .start = s };
        Character c = character_at(s);

        for (; opens(c.code); c = character_at(s + piece.n_bytes))
                piece_take(&piece, &c);

        if (c.width > 1 || c.n_bytes == 0) {
                const size_t n_word = longest(s + piece.n_bytes, words, ELEMENTSOF(words));

                if (n_word)
                        piece_take_bytes(&piece, n_word);
                else
                        piece_take(&piece, &c);
        } else
                for (; c.n_bytes > 0 && c.code != ' ' && c.width < 2 && !opens(c.code);
                     c = character_at(s + piece.n_bytes))
                        piece_take(&piece, &c);

        if (ends_in_digit(&piece))
                piece_take_bytes(&piece, longest(s + piece.n_bytes, measures, ELEMENTSOF(measures)));

        for (c = character_at(s + piece.n_bytes); c.n_bytes > 0 && closes(c.code);
             c = character_at(s + piece.n_bytes))
                piece_take(&piece, &c);
        return piece;
}

int wrap_line(const char *line, size_t n_columns, char **ret) {
        /* Each piece is followed by at most one newline that was not there. */
        char *text = malloc(2 * strlen(line) + 1), *to = text;
        size_t column = 0;

        if (!text)
                return -ENOMEM;

        for (const char *p = line; *p;) {
                size_t n_spaces = strspn(p, " ");
                Piece piece;

                p += n_spaces;
                if (!*p)
                        break;

                piece = piece_at(p);
                if (column > 0 && column + n_spaces + piece.width > n_columns) {
                        *to++ = '\n';
                        column = n_spaces = 0;
                }
                memset(to, ' ', n_spaces);
                to += n_spaces;
                memcpy(to, piece.start, piece.n_bytes);
                to += piece.n_bytes;
                column += n_spaces + piece.width;
                p += piece.n_bytes;
        }
        *to = '\0';

        *ret = text;
        return 0;
}
