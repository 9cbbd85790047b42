/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_NETD_CERTS_H
#define BERTH_TESTS_UNIT_NETD_CERTS_H

/* Certificates as openssl makes them, in a folder of the test's own:
 *	ca.pem		an authority, and of what it has signed:
 *	good		owner.test		other		another.test
 *	expired		owner.test, over	client		no name of a host
 *	self.pem/key	owner.test, nobody's word but its own */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/ipc/netd_proto.h"
#include "tests/check.h"

struct certs {
	char dir[64];
};

static inline void certs_run(const struct certs *c, const char *script)
{
	char line[2048];

	snprintf(line, sizeof(line), "cd %s && (%s) >log 2>&1", c->dir, script);
	if (system(line) != 0)
		fail_msg("%s: see %s/log", script, c->dir);
}

static inline void certs_leaf(const struct certs *c, const char *name, const char *host, const char *before)
{
	char script[1024];

	snprintf(script, sizeof(script),
		 "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out x.csr -subj /CN=%s && "
		 "echo subjectAltName=DNS:%s >x.ext && "
		 "%s openssl x509 -req -in x.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile x.ext -out %s.pem",
		 name, host, host, before, name);
	certs_run(c, script);
}

static inline void certs_make(struct certs *c)
{
	snprintf(c->dir, sizeof(c->dir), "/tmp/berth-certs-XXXXXX");
	CHECK(mkdtemp(c->dir));
	certs_run(c, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 "
		     "-subj /CN=authority");
	certs_run(c, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem -days 30 "
		     "-subj /CN=owner.test -addext subjectAltName=DNS:owner.test");
	certs_leaf(c, "good", "owner.test", "");
	certs_leaf(c, "other", "another.test", "");
	certs_leaf(c, "client", "gateway", "");
	certs_leaf(c, "expired", "owner.test", "faketime 2020-01-01");
}

static inline void certs_free(const struct certs *c)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", c->dir);
	CHECK(system(line) == 0);
}

/* Those of a group of tests. */
static struct certs certs;

static inline int certs_setup(void **state)
{
	(void)state;
	certs_make(&certs);
	return 0;
}

static inline int certs_teardown(void **state)
{
	(void)state;
	certs_free(&certs);
	return 0;
}

static inline void certs_file(char out[BERTH_NET_FILE_MAX + 1], const struct certs *c, const char *name)
{
	snprintf(out, BERTH_NET_FILE_MAX + 1, "%s/%s", c->dir, name);
}

/* name NULL: no certificate of our own; ca, clients NULL: none. */
static inline void certs_use(struct berth_net_tls *t, const struct certs *c, const char *name, const char *ca,
			     const char *clients)
{
	char file[64];

	*t = (struct berth_net_tls){ 0 };
	if (name) {
		snprintf(file, sizeof(file), "%s.pem", name);
		certs_file(t->certificate, c, file);
		snprintf(file, sizeof(file), "%s.key", name);
		certs_file(t->key, c, file);
	}
	if (ca)
		certs_file(t->ca, c, ca);
	if (clients)
		certs_file(t->clients, c, clients);
}

#endif
