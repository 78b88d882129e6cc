/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Registry files: open sessions as they outlive a restart of itaxd
 *
 * A file a session, named by its id, below a folder that only itaxd may read. Nothing in it is secret:
 * the token at the platform is not, and is lost with the process that held it. Each file is written
 * beside its place and put there whole. */

#include "daemon/grant.h"

#define REGISTRY_FILES_MAX 8192U /* more are not read */

typedef struct RegistryFiles RegistryFiles;

/* @grant is owned by the function. */
typedef void (*RegistryFilesFn)(Grant *grant, void *userdata);

/**
 * registry_files_new() - keep them in the folder "sessions" below @folder, which is made if need be
 *
 * Return: 0; -EPERM when one of the folders is somebody else's or others may write there; another
 * negative errno. Neither is logged.
 */
int registry_files_new(const char *folder, RegistryFiles **ret);
RegistryFiles *registry_files_free(RegistryFiles *files);
DEFINE_CLEANUP(RegistryFiles, registry_files_free)

/** registry_files_write() - Return: 0 or a negative errno; then what stood there before stands there. */
int registry_files_write(RegistryFiles *files, const Grant *grant);

void registry_files_remove(RegistryFiles *files, const char *id);

/** registry_files_read() - give each session that was written to @fn; what cannot be one is told of and
 * removed. Return: 0 or a negative errno. */
int registry_files_read(RegistryFiles *files, RegistryFilesFn fn, void *userdata);
