/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FLOW_LDEVID_STORY_H
#define BERTH_TESTS_FLOW_LDEVID_STORY_H

/* An owner that is a CA, its gateway, and what openssl says of the certificate. */
#include "agent/protocol/ldevid.h"
#include "tests/fakes/ldevid.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tmpdir.h"

#define LIMIT_S 14400
#define DAY ((int64_t)86400)

static struct story s;
static struct test_ldevid l;
static char *before;

/* Everything is ready, and the gateway still off. */
static inline void cast(bool ca)
{
	memset(&l, 0, sizeof(l));
	story_cast(&s);
	s.owner->policy.credential_s = DAY;
	if (ca)
		test_ldevid_begin(&l, s.owner, 400 * DAY);
	story_birth(&s);
	story_sale(&s);
}

static inline void begin(bool ca)
{
	cast(ca);
	sim_on(s.gateway);
	story_settle(&s);
	before = strdup(story_operational_did(&s));
}

static inline void end(void)
{
	story_end(&s);
	test_ldevid_free(&l);
	free(before);
	before = NULL;
}

static inline bool rotated(struct sim *w) { (void)w; return story_rotated(&s, before); }

static inline void rotate(void)
{
	story_rotate(&s);
}

static inline void rotate_and_settle(void)
{
	rotate();
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	free(before);
	before = strdup(story_operational_did(&s));
}

/* What openssl thinks of the gateway's chain, at the owner's time. */
static inline void check_by_openssl(void)
{
	struct berth_json *g = story_data(&s, s.gateway);
	struct berth_buf pem = BERTH_BUF_INIT;
	char dir[TMPDIR_LEN], *text;

	sim_as(s.owner);
	CHECK_OK(berth_ldevid_pem(berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID), &pem));
	test_tmpdir(dir);
	test_write_file(test_path(dir, "chain.pem"), pem.p, pem.len, 0600);
	test_sh("cd %s && openssl x509 -in chain.pem -out gw.pem && sed '1,/END/d' chain.pem >ca.pem && "
		"openssl verify -x509_strict -purpose sslclient -attime %lld -CAfile ca.pem gw.pem >said && "
		"openssl x509 -in gw.pem -noout -subject -ext subjectAltName >>said", dir,
		(long long)berth_agent_env(s.owner->agent)->now_s);
	text = test_read_file(test_path(dir, "said"), NULL);
	CHECK(strstr(text, "gw.pem: OK") && strstr(text, "O = Example, CN = Berth Box 1 GW-0001, serialNumber = GW-0001") && strstr(text, before));
	free(text);
	test_tmpdir_remove(dir);
	berth_buf_free(&pem);
	berth_json_free(g);
}

static inline bool has(const char *member)
{
	struct berth_json *g = story_data(&s, s.gateway);
	bool yes = berth_json_get(berth_json_get(berth_json_get(g, "active"), BERTH_LDEVID), member) != NULL;

	berth_json_free(g);
	return yes;
}

#endif
