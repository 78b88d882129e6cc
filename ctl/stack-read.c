/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stack files: lines that go on in the next one, files that include others. */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "ctl/stack-private.h"

static const char *const usual_folders[] = { "/etc/pam.d", "/usr/lib/pam.d", NULL };

/* One service is read. */
typedef struct Reader {
        const StackPlace *place;
        StackService *service; /* what is filled */
        Stack *stacks;         /* its own ones, or those of "other" */
        size_t n_lines;
} Reader;

/* One file of it. */
typedef struct Source {
        const struct Source *parent;
        const char *path;
        StackKind only; /* _STACK_KIND_MAX: all kinds */
        unsigned level, depth;
} Source;

int stack_file_read(const char *root, const char *path, char **ret) {
        _cleanup_(freep) char *full = NULL, *text = NULL;
        _cleanup_(closep) int fd = -1;
        struct stat st;
        size_t n = 0;

        if (asprintf(&full, "%s%s", root, path) < 0)
                return -ENOMEM;
        fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;

        text = malloc(STACK_FILE_BYTES + 1);
        if (!text)
                return -ENOMEM;
        for (;;) {
                const ssize_t got = read(fd, text + n, STACK_FILE_BYTES + 1 - n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                n += (size_t)got;
                if (got == 0)
                        break;
                if (n > STACK_FILE_BYTES)
                        return -E2BIG;
        }
        text[n] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

static int remark(Reader *reader, StackFault fault, const char *file, unsigned line, const char *text) {
        StackService *service = reader->service;
        StackRemark *more = reallocarray(service->remarks, service->n_remarks + 1, sizeof(*more));
        char *copy = NULL;

        if (!more)
                return -ENOMEM;
        service->remarks = more;
        if (text) {
                copy = strdup(text);
                if (!copy)
                        return -ENOMEM;
        }
        more[service->n_remarks++] = (StackRemark){ .fault = fault, .file = file, .line = line, .text = copy };
        return 0;
}

static int remember_file(StackService *service, const char *path, const char **ret) {
        char **more;

        for (size_t i = 0; i < service->n_files; i++)
                if (strcmp(service->files[i], path) == 0) {
                        *ret = service->files[i];
                        return 0;
                }
        more = reallocarray(service->files, service->n_files + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        service->files = more;
        more[service->n_files] = strdup(path);
        if (!more[service->n_files])
                return -ENOMEM;
        *ret = more[service->n_files++];
        return 0;
}

/* Return: 0 with the text of the file and its path, or a negative errno. */
static int open_file(Reader *reader, const char *name, char **ret_text, const char **ret_path) {
        const char *const *folders = reader->place->folders ? reader->place->folders : usual_folders;
        int r = -ENOENT;

        if (name[0] == '/') {
                r = stack_file_read(reader->place->root, name, ret_text);
                return r < 0 ? r : remember_file(reader->service, name, ret_path);
        }
        for (size_t i = 0; folders[i]; i++) {
                _cleanup_(freep) char *path = NULL;

                if (asprintf(&path, "%s/%s", folders[i], name) < 0)
                        return -ENOMEM;
                r = stack_file_read(reader->place->root, path, ret_text);
                if (r == 0)
                        return remember_file(reader->service, path, ret_path);
        }
        return r;
}

static int add_line(Reader *reader, StackKind kind, const StackLine *line, char **rest) {
        Stack *stack = &reader->stacks[kind];
        StackLine *more = reallocarray(stack->lines, stack->n + 1, sizeof(*more)), *added;
        size_t n = 0;
        char *word;

        if (!more)
                return -ENOMEM;
        stack->lines = more;
        if (++reader->n_lines > STACK_LINES)
                return -E2BIG;

        added = &more[stack->n++];
        *added = *line;
        added->words = calloc(1, sizeof(*added->words));
        added->module = line->module ? strdup(line->module) : NULL;
        if (!added->words || (line->module && !added->module))
                return -ENOMEM;
        while (rest && (word = stack_word(rest))) {
                char **words = reallocarray(added->words, n + 2, sizeof(*words));

                if (!words)
                        return -ENOMEM;
                added->words = words;
                words[n + 1] = NULL;
                words[n] = strdup(word);
                if (!words[n++])
                        return -ENOMEM;
        }
        return 0;
}

static int read_file(Reader *reader, const Source *source, char *text);

/* Does @path include itself over others? */
static bool is_open(const Source *source, const char *path) {
        for (; source; source = source->parent)
                if (strcmp(source->path, path) == 0)
                        return true;
        return false;
}

/* Return: 0 when the file was read, a fault when it could not be, a negative errno when nothing goes on. */
static int include_file(Reader *reader, const Source *source, const char *name, StackKind only, unsigned level) {
        _cleanup_(freep) char *text = NULL;
        Source next = { .parent = source, .only = only, .level = level, .depth = source->depth + 1 };
        int r;

        if (!name)
                return STACK_NO_FILE;
        if (level >= STACK_LEVELS || next.depth >= STACK_LEVELS)
                return STACK_TOO_DEEP;
        r = open_file(reader, name, &text, &next.path);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return STACK_NO_FILE;
        if (is_open(source, next.path))
                return STACK_TOO_DEEP;
        r = read_file(reader, &next, text);
        return r == STACK_UNFINISHED ? STACK_NO_FILE : r;
}

/* Control and module of a line whose kind is known. */
static int read_line(Reader *reader, const Source *source, StackKind kind, StackLine *line, char **rest) {
        char *word = stack_word(rest);
        bool is_substack;

        if (!word) {
                (void)stack_control("", line->actions);
                line->fault = line->fault ? line->fault : STACK_NO_CONTROL;
        }
        is_substack = word && strcasecmp(word, "substack") == 0;
        if (is_substack || (word && strcasecmp(word, "include") == 0)) {
                int r;

                word = stack_word(rest);
                (void)stack_control("", line->actions);
                if (is_substack) {
                        StackLine marker = *line;

                        marker.form = STACK_SUBSTACK;
                        marker.module = word;
                        r = add_line(reader, kind, &marker, NULL);
                        if (r < 0)
                                return r;
                }
                r = include_file(reader, source, word, kind, source->level + is_substack);
                if (r <= 0)
                        return r;
                line->form = STACK_FAILS;
                line->fault = (StackFault)r;
                r = remark(reader, line->fault, line->file, line->line, word);
                return r < 0 ? r : add_line(reader, kind, line, NULL);
        }

        if (word && stack_control(word, line->actions) != STACK_FINE)
                line->fault = line->fault ? line->fault : STACK_BAD_CONTROL;
        if (line->fault == STACK_BAD_CONTROL) {
                int r = remark(reader, line->fault, line->file, line->line, word);

                if (r < 0)
                        return r;
        }
        line->module = stack_word(rest);
        if (!line->module && !line->fault)
                line->fault = STACK_NO_MODULE;
        if (line->fault && line->fault != STACK_BAD_CONTROL && line->fault != STACK_NO_KIND) {
                int r = remark(reader, line->fault, line->file, line->line, line->module);

                if (r < 0)
                        return r;
        }
        /* Of what cannot be read in brackets, every value is bad; any other fault is a line that fails. */
        if (!line->module || (line->fault && line->fault != STACK_BAD_CONTROL))
                line->form = STACK_FAILS;
        return add_line(reader, kind, line, rest);
}

static int read_entry(Reader *reader, const Source *source, unsigned number, char *text, StackFault fault) {
        StackLine line = { .file = source->path, .line = number, .level = source->level, .fault = fault };
        StackKind kind = source->only != _STACK_KIND_MAX ? source->only : STACK_AUTH;
        char *rest = text, *word = stack_word(&rest);
        int r;

        /* Debian's own: all kinds of lines, or those that the file in which it stands is read for. */
        if (word && strcasecmp(word, "@include") == 0) {
                word = stack_word(&rest);
                r = include_file(reader, source, word, source->only, source->level);
                if (r <= 0)
                        return r;
                line.fault = (StackFault)r;
                r = remark(reader, line.fault, line.file, number, word);
                /* Without a kind there is no place for a line that fails: libpam gives up the service. */
                if (r == 0 && source->only == _STACK_KIND_MAX)
                        reader->service->is_closed = true;
                line.form = STACK_FAILS;
                (void)stack_control("", line.actions);
                return r < 0 || source->only == _STACK_KIND_MAX ? r : add_line(reader, kind, &line, NULL);
        }

        if (word && *word == '-') {
                line.is_quiet = true;
                word++;
        }
        if (!word || !stack_kind_from_string(word, &kind)) {
                kind = source->only != _STACK_KIND_MAX ? source->only : STACK_AUTH;
                line.fault = STACK_NO_KIND;
                r = remark(reader, line.fault, line.file, number, word);
                if (r < 0)
                        return r;
        }
        if (source->only != _STACK_KIND_MAX && kind != source->only)
                return 0;
        return read_line(reader, source, kind, &line, &rest);
}

/* Return: 0, STACK_UNFINISHED, or a negative errno. */
static int read_file(Reader *reader, const Source *source, char *text) {
        _cleanup_(freep) char *whole = malloc(strlen(text) + 1);
        size_t n = 0;
        unsigned number = 0, begin = 0;

        if (!whole)
                return -ENOMEM;
        for (char *next, *at = text; *at; at = next) {
                const char *hash;
                size_t n_at, n_text;
                bool goes_on = false;
                int r;

                n_at = strcspn(at, "\n");
                next = at + n_at + (at[n_at] == '\n');
                at[n_at] = '\0';
                number++;

                if (at[strspn(at, STACK_BLANKS)] == '\0' || at[strspn(at, STACK_BLANKS)] == '#')
                        continue; /* also in the middle of a line that goes on */
                begin = n == 0 ? number : begin;
                hash = strchr(at, '#');
                n_text = hash ? (size_t)(hash - at) : n_at;
                if (!hash) {
                        while (n_text > 0 && strchr(STACK_BLANKS, at[n_text - 1]))
                                n_text--;
                        goes_on = n_text > 0 && at[n_text - 1] == '\\';
                }
                memcpy(whole + n, at, n_text);
                n += n_text;
                if (goes_on) {
                        whole[n - 1] = ' ';
                        continue;
                }

                whole[n] = '\0';
                r = read_entry(reader, source, begin, whole, n > STACK_LINE_BYTES ? STACK_TOO_LONG : STACK_FINE);
                if (r < 0)
                        return r;
                n = 0;
        }
        if (n > 0) {
                const int r = remark(reader, STACK_UNFINISHED, source->path, begin, NULL);

                return r < 0 ? r : STACK_UNFINISHED;
        }
        return 0;
}

/* Return: 0, -ENOENT, or another negative errno. */
static int read_service(Reader *reader, const char *name) {
        _cleanup_(freep) char *text = NULL;
        Source source = { .only = _STACK_KIND_MAX };
        int r;

        r = open_file(reader, name, &text, &source.path);
        if (r < 0 || !text)
                return r < 0 ? r : -ENOENT;
        r = read_file(reader, &source, text);
        if (r == STACK_UNFINISHED)
                reader->service->is_closed = true;
        return r < 0 ? r : 0;
}

static void stack_done(Stack *stack) {
        for (size_t i = 0; i < stack->n; i++) {
                for (char **word = stack->lines[i].words; word && *word; word++)
                        free(*word);
                free(stack->lines[i].words);
                free(stack->lines[i].module);
        }
        free(stack->lines);
        *stack = (Stack){};
}

void stack_service_done(StackService *service) {
        for (size_t i = 0; i < _STACK_KIND_MAX; i++)
                stack_done(&service->stacks[i]);
        for (size_t i = 0; i < service->n_files; i++)
                free(service->files[i]);
        for (size_t i = 0; i < service->n_remarks; i++)
                free(service->remarks[i].text);
        free(service->files);
        free(service->remarks);
        *service = (StackService){};
}

int stack_read(const StackPlace *place, const char *name, StackService *ret) {
        _cleanup_(stack_service_done) StackService service = {};
        Stack others[_STACK_KIND_MAX] = {};
        Reader reader = { .place = place, .service = &service, .stacks = service.stacks };
        _cleanup_(freep) char *lower = strdup(name);
        int own, other = -ENOENT;

        if (!lower)
                return -ENOMEM;
        for (char *c = lower; *c; c++)
                *c = (char)tolower((unsigned char)*c);

        own = read_service(&reader, lower);
        if (own == -ENOENT || own == -EISDIR || own == 0) {
                reader.stacks = others;
                other = strcmp(lower, "other") == 0 ? own : read_service(&reader, "other");
        }
        for (StackKind kind = 0; kind < _STACK_KIND_MAX; kind++)
                if (service.stacks[kind].n == 0 && others[kind].n > 0) {
                        service.stacks[kind] = others[kind];
                        others[kind] = (Stack){};
                        service.is_other[kind] = true;
                } else
                        stack_done(&others[kind]);

        if (own < 0 && own != -ENOENT)
                return own;
        if (own < 0 && other < 0)
                return own;
        if (other < 0 && other != -ENOENT && other != -EACCES)
                return other;
        *ret = service;
        service = (StackService){};
        return 0;
}
