/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_HOOK_H
#define BERTH_AGENT_IPC_HOOK_H

#include <stddef.h>
#include <sys/types.h>

#include "agent/ipc/proc.h"
#include "berth/err.h"

/* A program of the operator's that makes use of what an owner provisions: it configures
 * the network, hands a firmware to RAUC.  Which there are, and as whom they run, is the
 * configuration's word alone; what they read is the owner's, and comes on their input.
 *
 * One has its input and output in one socket and its own session; no descriptor, variable
 * or argument of ours; its own user, no privileges to be got, the folders of the system to
 * read and `write` to change, the calls of berth_proc_confine_hook(), and the limits
 * below.  Whatever it leaves behind is killed with it. */
#define BERTH_HOOKS_MAX 8
#define BERTH_HOOK_WRITE_MAX 4
#define BERTH_HOOK_PROGRAM_MAX ((size_t)64 << 20)
#define BERTH_HOOK_FILES 256		/* open at once */
#define BERTH_HOOK_PROCESSES 64		/* of its user */
#define BERTH_HOOK_FILE_MAX (1u << 30)	/* that it writes */
#define BERTH_HOOK_ID_MAX 63
#define BERTH_HOOK_TYPE_MAX 31

struct berth_hook {
	const char *name, *program;	/* borrowed, both, and the folders */
	const char *write[BERTH_HOOK_WRITE_MAX];
	size_t n_write;
	uid_t uid;			/* never root's */
	gid_t gid;
};

/* In its environment: BERTH_ITEM_ID, _TYPE, _SHA256 (of what it reads, in hex). */
struct berth_hook_item {
	char id[BERTH_HOOK_ID_MAX + 1], type[BERTH_HOOK_TYPE_MAX + 1], sha256[64 + 1];
};

/* The program belongs to root, and nobody else may change it or what it stands in; its user
 * is one that we can become, and is kept out of what is ours: by not being ours, else by
 * landlock and by having no local sockets.  E_CONFIG else, which names it. */
BERTH_MUST_USE enum berth_err berth_hook_check(const struct berth_hook *h);

/* E_TYPE: the owner's word for the item is not one that a script may safely use for a file's
 * name: [A-Za-z0-9_][A-Za-z0-9._-]*. */
BERTH_MUST_USE enum berth_err berth_hook_id_check(const char *id);

/* Starts it, by who has one thread and is not confined; sock stays open here.  E_CONFIG as
 * above; E_UNAVAILABLE: no more processes.  Ends with 126 or 127 where it does not get as
 * far as to run. */
BERTH_MUST_USE enum berth_err
berth_hook_exec(struct berth_proc *p, const struct berth_hook *h, const struct berth_hook_item *it, int sock);

#endif
