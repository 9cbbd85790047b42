/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_SOCKET_H
#define BERTH_AGENT_CORE_API_SOCKET_H

#include <sys/types.h>

#include "berth/err.h"

#define BERTH_API_BACKLOG 256
#define BERTH_GROUP_OURS ((gid_t)-1)

/* Makes the folder, or takes one that is ours and that nobody else may write; in the
 * end it is 0750 with that group.  E_CONFIG. */
BERTH_MUST_USE enum berth_err berth_api_run_dir(const char *dir, gid_t group);

/* A listening, non-blocking socket dir/name with exactly that mode from its first
 * moment on.  A socket that nobody answers at is taken away first; anything else at
 * the path is E_CONFIG, a socket where somebody answers E_UNAVAILABLE. */
BERTH_MUST_USE enum berth_err
berth_api_listen(int *out_fd, const char *dir, const char *name, mode_t mode, gid_t group);

#endif
