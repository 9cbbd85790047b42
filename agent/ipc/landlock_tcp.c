/* SPDX-License-Identifier: Apache-2.0 */
/* TCP by its ports, in a second layer of rules beside that of files. */
#include <errno.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/ipc/proc.h"
#include "did/base/log.h"

/* Since ABI 4 and 6; headers may be older than the kernel. */
#define ABI_TCP 4
#define ABI_SCOPES 6
#define BIND_TCP (1ull << 0)
#define CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0)
#define RULE_NET_PORT 2

struct attributes {
	uint64_t files, net, scoped;
};

struct port_rule {
	uint64_t allowed, port;
};

static enum berth_err failed(const char *what)
{
	return berth_fail(BERTH_E_INTERNAL, "landlock: TCP: %s: %m", what);
}

static enum berth_err restrict_self(int rules, const uint16_t *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct port_rule rule = { CONNECT_TCP, ports[i] };

		if (syscall(SYS_landlock_add_rule, rules, RULE_NET_PORT, &rule, 0))
			return failed("allow");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0))
		return failed("restrict");
	return BERTH_OK;
}

static long version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool berth_proc_can_landlock_tcp(void) { return version() >= ABI_TCP; }

enum berth_err berth_proc_landlock_tcp(const uint16_t *ports, size_t n)
{
	struct attributes a = { .net = BIND_TCP | (n ? CONNECT_TCP : 0), .scoped = SCOPE_ABSTRACT_UNIX };
	long abi = version();
	enum berth_err rc;
	int rules;

	if (abi < ABI_TCP) {
		berth_log(BERTH_LOG_INFO, "landlock", "knows nothing of TCP here (ABI %ld): ports are guarded by the policy alone", abi);
		return BERTH_OK;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &a, abi < ABI_SCOPES ? offsetof(struct attributes, scoped) : sizeof(a), 0);
	if (rules < 0)
		return failed("rules");
	rc = restrict_self(rules, ports, n);
	close(rules);
	return rc;
}
