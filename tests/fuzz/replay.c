/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Replay: feed files to a fuzzer's entry point, without a fuzzing engine
 *
 * Every seed is fed as it is, cut at each length, and with each of its bytes flipped in turn: what an
 * engine would try first, in a second, with any compiler. Arguments are files and folders of files. */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/common/util.h"

enum { SEED_BYTES_MAX = 1 << 17, CHANGED_BYTES_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t n_seeds, n_inputs;

/* Each input is a block of its own size, so that a sanitizer sees a read behind it. */
static int feed(const uint8_t *data, size_t n) {
        _cleanup_(freep) uint8_t *copy = malloc(n > 0 ? n : 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, data, n);
        (void)LLVMFuzzerTestOneInput(copy, n);
        n_inputs++;
        return 0;
}

static int feed_changed(uint8_t *data, size_t n) {
        size_t n_changed = n < CHANGED_BYTES_MAX ? n : CHANGED_BYTES_MAX;
        int r = 0;

        for (size_t i = 0; i < n_changed && r == 0; i++) {
                r = feed(data, i);
                if (r != 0)
                        break;
                data[i] ^= 0x81;
                r = feed(data, n);
                data[i] ^= 0x81;
        }
        return r;
}

static void filep(FILE **file) {
        if (*file)
                (void)fclose(*file);
}

static void folderp(DIR **folder) {
        if (*folder)
                (void)closedir(*folder);
}

static int replay_file(const char *path) {
        _cleanup_(filep) FILE *file = fopen(path, "re");
        _cleanup_(freep) uint8_t *data = malloc(SEED_BYTES_MAX);
        size_t n;
        int r;

        if (!data)
                return -ENOMEM;
        if (!file)
                return -errno;
        n = fread(data, 1, SEED_BYTES_MAX, file);
        if (ferror(file))
                return -EIO;

        n_seeds++;
        r = feed(data, n);
        return r != 0 ? r : feed_changed(data, n);
}

static int replay(const char *path) {
        _cleanup_(folderp) DIR *folder = opendir(path);
        struct dirent *entry;
        int r = 0;

        if (!folder)
                return errno == ENOTDIR ? replay_file(path) : -errno;

        while (r == 0 && (entry = readdir(folder))) {
                _cleanup_(freep) char *member = NULL;

                if (entry->d_name[0] == '.')
                        continue;
                if (asprintf(&member, "%s/%s", path, entry->d_name) < 0)
                        return -ENOMEM;
                r = replay_file(member);
        }
        return r;
}

int main(int argc, char *argv[]) {
        for (int i = 1; i < argc; i++) {
                int r = replay(argv[i]);

                if (r != 0) {
                        fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
                        return EXIT_FAILURE;
                }
        }

        printf("%zu seeds, %zu inputs\n", n_seeds, n_inputs);
        return n_seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
