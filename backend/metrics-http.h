/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The metrics' own listener: GET /metrics, for what reads them on this machine
 *
 * It is another socket than that of the platform, on loopback or a Unix socket (options.c refuses
 * any other), so that nothing which passes requests on to the platform can pass these on by
 * mistake. */

#include "backend/server.h"

/** metrics_http_start() - @listen_fd goes to the library. Return: 0 or -errno. */
int metrics_http_start(Server *server, int listen_fd, struct MHD_Daemon **ret);
