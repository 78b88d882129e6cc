/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/listen.h"
#include "lib/common/util.h"

#define BACKLOG 512

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un path;
} Address;

static int port_read(const char *text, in_port_t *ret) {
        unsigned long port;
        char *end;

        if (text[0] < '0' || text[0] > '9')
                return LISTEN_E_SYNTAX;
        port = strtoul(text, &end, 10);
        if (*end != '\0' || port == 0 || port > 65535)
                return LISTEN_E_SYNTAX;
        *ret = htons((in_port_t)port);
        return 0;
}

static int address_read(const char *text, Address *ret, socklen_t *ret_n) {
        char host[INET6_ADDRSTRLEN + 2];
        const char *colon;
        size_t n;

        *ret = (Address){};
        if (strncmp(text, "unix:", 5) == 0) {
                n = strlen(text + 5);
                if (text[5] != '/' || n >= sizeof(ret->path.sun_path))
                        return LISTEN_E_SYNTAX;
                ret->path.sun_family = AF_UNIX;
                memcpy(ret->path.sun_path, text + 5, n + 1);
                *ret_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
                return 0;
        }

        colon = strrchr(text, ':');
        n = colon ? (size_t)(colon - text) : 0;
        if (n == 0 || n >= sizeof(host))
                return LISTEN_E_SYNTAX;
        memcpy(host, text, n);
        host[n] = '\0';

        if (host[0] == '[' && host[n - 1] == ']') {
                host[n - 1] = '\0';
                ret->v6.sin6_family = AF_INET6;
                *ret_n = sizeof(ret->v6);
                return inet_pton(AF_INET6, host + 1, &ret->v6.sin6_addr) == 1
                               ? port_read(colon + 1, &ret->v6.sin6_port)
                               : LISTEN_E_SYNTAX;
        }
        ret->v4.sin_family = AF_INET;
        *ret_n = sizeof(ret->v4);
        return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1
                       ? port_read(colon + 1, &ret->v4.sin_port)
                       : LISTEN_E_SYNTAX;
}

int listen_scope(const char *address, ListenScope *ret) {
        Address parsed;
        socklen_t n;
        bool local;
        int r;

        r = address_read(address, &parsed, &n);
        if (r != 0)
                return r;

        local = parsed.any.sa_family == AF_UNIX ||
                (parsed.any.sa_family == AF_INET &&
                 ntohl(parsed.v4.sin_addr.s_addr) >> 24 == 127) ||
                (parsed.any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&parsed.v6.sin6_addr));
        *ret = local ? LISTEN_LOCAL : LISTEN_NETWORK;
        return 0;
}

/* Remove a socket that its server left behind; one that answers stays, and bind() will say so. */
static int path_clear(const Address *address, socklen_t n) {
        _cleanup_(closep) int fd = -1;
        struct stat st;

        if (lstat(address->path.sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return LISTEN_E_PATH;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, &address->any, n) == 0)
                return -EADDRINUSE;
        return unlink(address->path.sun_path) < 0 ? -errno : 0;
}

int listen_open(const char *address, int *ret) {
        _cleanup_(closep) int fd = -1;
        Address parsed;
        socklen_t n;
        int r, one = 1;

        r = address_read(address, &parsed, &n);
        if (r == 0 && parsed.any.sa_family == AF_UNIX)
                r = path_clear(&parsed, n);
        if (r != 0)
                return r;

        fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (parsed.any.sa_family != AF_UNIX &&
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
                return -errno;
        if (bind(fd, &parsed.any, n) < 0)
                return -errno;
        /* between bind() and chmod() the umask of the process, 077, holds */
        if (parsed.any.sa_family == AF_UNIX && chmod(parsed.path.sun_path, 0660) < 0)
                return -errno;
        if (listen(fd, BACKLOG) < 0)
                return -errno;

        *ret = TAKE_FD(fd);
        return 0;
}

void listen_close(const char *address, int fd) {
        if (fd >= 0)
                (void)close(fd);
        if (strncmp(address, "unix:", 5) == 0)
                (void)unlink(address + 5);
}
