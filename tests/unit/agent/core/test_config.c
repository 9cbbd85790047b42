/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/config.h"
#include "agent/ipc/netd_proto.h"
#include "agent/ipc/netpol.h"
#include "agent/protocol/protocol.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/tmpdir.h"
#include "vc/policy.h"

static struct berth_config *parsed(const char *text)
{
	struct berth_config *c;

	CHECK_OK(berth_config_parse(&c, "t", text, strlen(text)));
	return c;
}

/* E_CONFIG with exactly this detail. */
static void refused(const char *text, const char *detail)
{
	struct berth_config *c = (void *)1;
	char *exact = malloc(strlen(text) ? strlen(text) : 1);

	memcpy(exact, text, strlen(text));
	CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", exact, strlen(text)));
	CHECK(c == NULL);
	assert_string_equal(berth_err_detail(), detail);
	free(exact);
}

static void reads_sections_names_and_lists(void **state)
{
	struct berth_config *c = parsed(
		"# a comment\n\n[agent]\nrole = owner, factory\n\trole=rendezvous\r\nname =  The Shop  \n"
		"[keystore main]\nuri = soft:/k\n[ keystore  second ]\nuri = tpm2:?dir=/t\npcrs = 0, 2 7\n"
		"ethr-registry = 1:0xdca7ef03e98e0dc2b855be647c39abe984fcf21b\n"
		"ethr-registry = 1337:0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B\n"
		"[listen]\nuri = nng+tcp://0.0.0.0:1\nuri = nng+ipc:///run/x nng+tcp://[::1]:2\n"
		"[principal web]\nuid = 33 www-data\nmay = self, secret:wifi, present:*\n"
		"[policy]\ncollect = 2m\nrecovery = yes\ncredential-lifetime =\n[adapter static]\npath = /a.so\nfolder = x = y");

	(void)state;
	CHECK(berth_config_has(c, "agent", NULL, "role", "owner"));
	CHECK(berth_config_has(c, "agent", NULL, "role", "rendezvous"));
	CHECK(!berth_config_has(c, "agent", NULL, "role", "gateway"));
	assert_string_equal(berth_config_str(c, "agent", NULL, "name"), "The Shop");
	assert_string_equal(berth_config_str(c, "agent", NULL, "state-dir"), "/var/lib/berth");
	assert_string_equal(berth_config_section(c, "keystore", 0), "main");
	assert_string_equal(berth_config_section(c, "keystore", 1), "second");
	CHECK(berth_config_section(c, "keystore", 2) == NULL);
	assert_string_equal(berth_config_str(c, "keystore", "second", "uri"), "tpm2:?dir=/t");
	assert_string_equal(berth_config_item(c, "keystore", "second", "pcrs", 2), "7");
	CHECK(berth_config_item(c, "keystore", "main", "pcrs", 0) == NULL);
	assert_string_equal(berth_config_item(c, "keystore", "second", "ethr-registry", 1),
			    "1337:0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B");
	assert_string_equal(berth_config_item(c, "listen", NULL, "uri", 2), "nng+tcp://[::1]:2");
	CHECK(berth_config_item(c, "listen", NULL, "uri", 3) == NULL);
	assert_string_equal(berth_config_item(c, "principal", "web", "uid", 1), "www-data");
	assert_string_equal(berth_config_item(c, "principal", "web", "may", 2), "present:*");
	assert_int_equal(berth_config_int(c, "policy", NULL, "collect"), 120);
	assert_int_equal(berth_config_int(c, "policy", NULL, "credential-lifetime"), 30 * 86400);
	assert_int_equal(berth_config_int(c, "api", NULL, "requests-per-second"), 100);
	CHECK(berth_config_bool(c, "policy", NULL, "recovery"));
	struct berth_buf b = BERTH_BUF_INIT;
	CHECK_OK(berth_config_adapter_json(c, "static", &b));
	assert_string_equal(berth_buf_cstr(&b), "{\"folder\":\"x = y\"}");
	berth_buf_reset(&b);
	CHECK_OK(berth_config_adapter_json(c, "none", &b));
	assert_string_equal(berth_buf_cstr(&b), "{}");
	berth_buf_free(&b);
	berth_config_free(c);
}

static void an_empty_file_is_all_defaults(void **state)
{
	struct berth_config *c = parsed("");

	(void)state;
	CHECK(berth_config_has(c, "agent", NULL, "role", "gateway"));
	CHECK(berth_config_has(c, "policy", NULL, "accept", "sealed"));
	CHECK(!berth_config_has(c, "policy", NULL, "accept", "seal"));
	assert_string_equal(berth_config_str(c, "keystore", "none", "uri"), "");
	CHECK(berth_config_section(c, "keystore", 0) == NULL);
	CHECK(!berth_config_bool(c, "agent", NULL, "clock-trusted"));
	berth_config_free(c);
}

static void c156_names_line_and_option(void **state)
{
	(void)state;
	refused("[agent]\nrol = owner\n", "t:2: [agent] rol: unknown option");
	refused("\n\n[agnt]\n", "t:3: [agnt]: unknown section");
	refused("[agent]\nname = a\nname = b\n", "t:3: [agent] name: given twice");
	refused("[agent]\n[api]\n[agent]\n", "t:3: [agent]: section given twice");
	refused("[keystore a]\n[keystore a]\n", "t:2: [keystore a]: section given twice");
	refused("role = owner\n", "t:1: role: stands before the first [section]");
	refused("[agent]\nrole owner\n", "t:2: [agent] role owner: not key = value");
	refused("[agent]\nrole = king\n", "t:2: [agent] role: not one of its words");
	refused("[agent]\nstate-dir = lib\n", "t:2: [agent] state-dir: not an absolute path");
	refused("[agent x]\n", "t:1: [agent x]: takes no name");
	refused("[keystore]\n", "t:1: [keystore]: needs a name");
	refused("[keystore a/b]\n", "t:1: [keystore a/b]: bad name");
	refused("[agent\n", "t:1: : not a [section]");
	refused("[]\n", "t:1: : not a [section]");
	refused("[policy]\nrecovery = true\n", "t:2: [policy] recovery: not yes or no");
	refused("[keystore x]\npcrs = 24\n", "t:2: [keystore x] pcrs: not the number of a PCR");
	refused("[keystore x]\nethr-registry = 1\n", "t:2: [keystore x] ethr-registry: not CHAINID:0xADDRESS");
	refused("[keystore x]\nethr-registry = 1:0xDCA7ef03e98e0dc2b855be647c39abe984fcf21b\n",
		"t:2: [keystore x] ethr-registry: not CHAINID:0xADDRESS");
	refused("[policy]\nek-live = yes\n", "t:2: [policy] ek-live: not one of its words");
	refused("[policy]\ncollect = 601\n", "t:2: [policy] collect: out of range");
	refused("[policy]\ncollect = 10x\n", "t:2: [policy] collect: not a duration (90, 90s, 15m, 12h, 30d)");
	refused("[policy]\ncollect = 99999999999999999999\n", "t:2: [policy] collect: not a duration (90, 90s, 15m, 12h, 30d)");
	refused("[api]\nrequests-per-second = 1m\n", "t:2: [api] requests-per-second: not a number");
	refused("[api]\nrequests-per-second = 0\n", "t:2: [api] requests-per-second: out of range");
	refused("[egress]\nallow = 127.0.0.0/8 10.0.0.1/8\n", "t:2: [egress] allow: not a block of addresses");
	refused("[egress]\nhosts = a.test\n", "t:2: [egress] hosts: not name=address");
	refused("[trust]\nroot = did:\n", "t:2: [trust] root: not a DID");
	refused("[listen]\nuri = /run/x\n", "t:2: [listen] uri: not a URI");
	refused("[rendezvous]\nuri = a://b c://d\n", "t:2: [rendezvous] uri: given twice");
	refused("[principal a]\nuid = -1\n", "t:2: [principal a] uid: not a number or name of an account");
	refused("[principal a]\nuid = 4294967295\n", "t:2: [principal a] uid: not a number or name of an account");
	refused("[principal a]\nmay = everything\n", "t:2: [principal a] may: no such right");
	refused("[principal a]\nmay = secret\n", "t:2: [principal a] may: no such right");
	refused("[principal a]\nmay = secret:\n", "t:2: [principal a] may: no such right");
	refused("[principal a]\nmay = self:x\n", "t:2: [principal a] may: no such right");
	refused("[adapter a]\nkey = 1\nkey = 2\n", "t:3: [adapter a] key: given twice");
	refused("[adapter a]\n* = 1\n", "t:2: [adapter a] *: unknown option");
	refused("[agent]\nname = a\xff\n", "t:2: [agent]: not UTF-8");
	refused("[agent]\nname = a\033[1m\n", "t:2: [agent]: control character");
}

static void c156_sizes(void **state)
{
	char *big = malloc(BERTH_CONFIG_MAX + 1);
	struct berth_config *c;
	char many[BERTH_CONFIG_LINE_MAX + 32];

	(void)state;
	memset(big, '\n', BERTH_CONFIG_MAX + 1);
	CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", big, BERTH_CONFIG_MAX + 1));
	CHECK_OK(berth_config_parse(&c, "t", big, BERTH_CONFIG_MAX));
	berth_config_free(c);
	memset(big, '#', BERTH_CONFIG_LINE_MAX + 1);
	CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", big, BERTH_CONFIG_MAX));
	big[BERTH_CONFIG_LINE_MAX] = '\n';
	CHECK_OK(berth_config_parse(&c, "t", big, BERTH_CONFIG_MAX));
	berth_config_free(c);
	CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", "[agent]\nname = a\0b\n", 19));
	size_t at = 0;
	for (int i = 0; i < BERTH_CONFIG_SECTIONS_MAX + 1; i++)
		at += (size_t)snprintf(big + at, 32, "[keystore k%d]\n", i);
	CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", big, at));
	assert_string_equal(berth_err_detail(), "t:257: [keystore k256]: too many sections");
	CHECK_OK(berth_config_parse(&c, "t", big, at - strlen("[keystore k256]\n")));
	berth_config_free(c);
	at = (size_t)snprintf(big, 32, "[listen]\n");
	snprintf(many, sizeof(many), "uri = a://b a://b a://b a://b a://b a://b a://b a://b\n");
	for (int i = 0; i < BERTH_CONFIG_VALUES_MAX / 8; i++)
		at += (size_t)snprintf(big + at, 64, "%s", many);
	CHECK_OK(berth_config_parse(&c, "t", big, at));
	berth_config_free(c);
	at += (size_t)snprintf(big + at, 64, "uri = a://b");
	CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", big, at));
	free(big);
}

static void c156_a_file_that_others_may_write_is_refused(void **state)
{
	char dir[TMPDIR_LEN];
	struct berth_config *c;
	const char *path;

	(void)state;
	test_tmpdir(dir);
	path = test_path(dir, "berth.conf");
	CHECK_RC(BERTH_E_CONFIG, berth_config_load(&c, path));
	test_write_file(path, "[agent]\nname = a\n", 17, 0666);
	CHECK_RC(BERTH_E_CONFIG, berth_config_load(&c, path));
	assert_int_equal(chmod(path, 0620), 0);
	CHECK_RC(BERTH_E_CONFIG, berth_config_load(&c, path));
	assert_int_equal(chmod(path, 0644), 0);
	CHECK_OK(berth_config_load(&c, path));
	assert_string_equal(berth_config_str(c, "agent", NULL, "name"), "a");
	berth_config_free(c);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		CHECK_RC(BERTH_E_CONFIG, berth_config_load(&c, path));
	}
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	CHECK_RC(BERTH_E_CONFIG, berth_config_load(&c, path));
	CHECK_RC(BERTH_E_CONFIG, berth_config_load(&c, dir));
	test_tmpdir_remove(dir);
}

/* docs/berth.conf.example: sections and options of the table, in its order, each once,
 * at its default; and with the comment signs taken away it is a valid file. */
static void the_example_lists_exactly_the_table(void **state)
{
	size_t len, n = 0;
	char *text = test_read_file("docs/berth.conf.example", &len), section[64] = "", *save = NULL;
	struct berth_buf bare = BERTH_BUF_INIT;
	struct berth_config *c;

	(void)state;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const struct berth_option *o = &berth_options[n];
		char key[64], want[256];

		if (line[0] == '[') {
			assert_int_equal(sscanf(line, "[%63[a-z]", section), 1);
			berth_buf_printf(&bare, "%s\n", line);
			continue;
		}
		if (line[0] != '#' || sscanf(line, "#%63[a-z-]", key) != 1)
			continue;
		while (o->type == BERTH_OPT_ANY)	/* told in prose */
			o = &berth_options[++n];
		CHECK(n < berth_options_n);
		assert_string_equal(section, o->section);
		snprintf(want, sizeof(want), "#%s =%s%s", o->key, o->dflt[0] ? " " : "", o->dflt);
		assert_string_equal(line, want);
		berth_buf_printf(&bare, "%s\n", line + 1);
		n++;
	}
	assert_int_equal(n, berth_options_n);
	CHECK_OK(berth_config_parse(&c, "berth.conf.example", (char *)bare.p, bare.len));
	for (n = 0; n < berth_options_n; n++)
		if (berth_options[n].dflt[0] && (berth_options[n].type == BERTH_OPT_INT || berth_options[n].type == BERTH_OPT_TIME))
			CHECK(berth_config_int(c, berth_options[n].section, NULL, berth_options[n].key) >= berth_options[n].min);
	berth_config_free(c);
	berth_buf_free(&bare);
	free(text);
}

static void becomes_rules_for_credentials(void **state)
{
	struct berth_config *c = parsed(
		"[trust]\nroot = did:x:root\n[policy]\nstatus-dir = /s\n"
		"[credentials badge]\ntype = Badge, https://a.example/badge\nissuer = did:x:1 did:x:2\nformat = vc+jwt di\n"
		"algorithm = EdDSA eddsa-jcs-2022\nstatus = required\nmax-stale = 2h\nunchecked = schema validity\n"
		"[credentials rest]\n[credentials delegated]\ntype = D\nanchor = did:x:a\n");
	struct berth_vc_policy *p;
	struct berth_verify v = { .resolver = NULL };

	(void)state;
	CHECK_OK(berth_config_credentials(c, &p));
	CHECK(p->n == 3);
	assert_string_equal(p->rules[0].name, "badge");
	CHECK(p->rules[0].n_types == 2 && p->rules[0].n_issuers == 2 && !p->rules[0].n_anchors && p->rules[0].n_formats == 2);
	assert_string_equal(p->rules[0].types[1], "https://a.example/badge");
	assert_string_equal(p->rules[0].issuers[1], "did:x:2");
	assert_string_equal(p->rules[0].formats[0], "vc+jwt");
	assert_string_equal(p->rules[0].algs[1], "eddsa-jcs-2022");
	CHECK(p->rules[0].status == BERTH_STATUS_REQUIRED && p->rules[0].max_stale_s == 7200);
	CHECK(p->rules[0].unchecked == (BERTH_UNCHECKED_SCHEMA | BERTH_UNCHECKED_VALIDITY));
	/* whom nobody names: the roots of trust */
	CHECK(p->rules[1].n_types == 0 && p->rules[1].n_issuers == 1 && !p->rules[1].unchecked);
	assert_string_equal(p->rules[1].issuers[0], "did:x:root");
	CHECK(p->rules[2].n_anchors == 1 && p->rules[2].n_issuers == 0);
	berth_config_folders(c, &v);
	assert_string_equal(v.status_dir, "/s");
	CHECK(!v.schema_dir && !v.delegation_dir);
	berth_config_credentials_free(p);
	berth_config_free(c);
	c = parsed("[trust]\nroot = did:x:root\n");
	CHECK_OK(berth_config_credentials(c, &p));
	CHECK(p->n == 1 && p->rules[0].n_issuers == 1 && !strcmp(p->rules[0].name, "default"));
	berth_config_credentials_free(p);
	berth_config_free(c);
}

static void becomes_policy_and_egress_rules(void **state)
{
	struct berth_config *c = parsed(
		"[device]\nserial = S1\n[rendezvous]\ndid = did:x:r\nuri = nng+tcp://r.test:1\n"
		"[rendezvous b]\ndid = did:x:b\nuri = nng+tcp://b.test:1\n[rendezvous none]\n"
		"[trust]\nissuer = did:x:1 did:x:2\n[listen]\nuri = nng+tcp://0.0.0.0:9\n"
		"[egress]\nallow = 127.0.0.0/8\nhosts = r.test=127.0.0.2\n[policy]\naccept = sealed\n"
		"ek-live = required\n");
	struct berth_policy p;
	struct berth_netpol np;
	struct berth_netaddr a;
	bool found;

	(void)state;
	CHECK_OK(berth_config_policy(c, &p));
	assert_string_equal(p.serial, "S1");
	CHECK(p.factory_did == NULL && p.n_rendezvous == 2 && p.n_issuers == 2 && p.n_endpoints == 1);
	assert_string_equal(p.rendezvous[1].uri, "nng+tcp://b.test:1");
	assert_string_equal(p.endpoints[0], "nng+tcp://0.0.0.0:9");
	CHECK(!p.accept_hardware && p.accept_sealed && p.approve_automatically && !p.recovery && p.ek_live);
	CHECK(p.collect_s == 30 && p.run_timeout_s == 900 && p.registration_s == 7 * 86400);
	CHECK_OK(berth_config_netpol(c, &np));
	CHECK_OK(berth_netpol_lookup(&np, "r.test", &a, &found));
	CHECK(found);
	berth_netpol_free(&np);
	berth_config_free(c);
	c = parsed("[rendezvous]\ndid = did:x:r\n[listen]\nuri = a://b\nannounce = c://d");
	CHECK_RC(BERTH_E_CONFIG, berth_config_policy(c, &p));
	berth_config_free(c);
	c = parsed("[rendezvous b]\nhints-file = /run/x/hints");
	CHECK_RC(BERTH_E_CONFIG, berth_config_policy(c, &p));
	berth_config_free(c);
	c = parsed("[rendezvous]\nhints-file = /run/x/hints\n[rendezvous b]\ndid = did:x:b\nuri = b://c");
	CHECK_OK(berth_config_policy(c, &p));
	assert_string_equal(p.hints_file, "/run/x/hints");
	CHECK(p.n_rendezvous == 1);
	berth_config_free(c);
	c = parsed("[listen]\nuri = a://b\nannounce = c://d");
	CHECK_OK(berth_config_policy(c, &p));
	assert_null(p.hints_file);
	assert_string_equal(p.endpoints[0], "c://d");
	CHECK(!p.ek_live);
	berth_config_free(c);
	/* Without the line the same host is out of reach. */
	c = parsed("[egress]\nhosts = r.test=127.0.0.2\n");
	CHECK_OK(berth_config_netpol(c, &np));
	CHECK_RC(BERTH_E_NETPOL, berth_netpol_lookup(&np, "r.test", &a, &found));
	berth_netpol_free(&np);
	berth_config_free(c);
}

static enum berth_err net_of(const char *text)
{
	struct berth_config *c = parsed(text);
	struct berth_net_config net;
	enum berth_err rc = berth_config_net(c, &net);

	if (!rc)
		berth_netpol_free(&net.policy);
	berth_config_free(c);
	return rc;
}

static void listeners_have_what_they_need(void **state)
{
	static const char *const good[] = {
		"", "[listen]\nuri = nng+tcp://0.0.0.0:1 http://[::]:2/d\n",
		"[listen]\nuri = nng+tls://0.0.0.0:1\n[tls]\ncertificate = /c\nkey = /k\n",
		"[listen]\nuri = nng+ipc:///run/peers/x\n[egress]\nipc = /run/peers /srv/y\n", "[tls]\nca = /a\n",
	};
	static const char *const bad[] = {
		"[listen]\nuri = nng+tls://0.0.0.0:1\n", "[tls]\nkey = /k\n", "[tls]\ncertificate = /c\n",
		"[listen]\nuri = nng+ipc:///x\n", "[listen]\nuri = nng+ipc:///run/../x\n", "[listen]\nuri = ftp://0.0.0.0:1\n",
		"[listen]\nuri = inproc://x\n", "[egress]\nipc = /run/x/\n",
		"[listen]\nuri = http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 "
		"http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1 http://a:1\n",
	};
	struct berth_config *c = parsed(good[3]);
	struct berth_net_config net;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK_OK(net_of(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_RC(BERTH_E_CONFIG, net_of(bad[i]));
	CHECK_OK(berth_config_net_check(c));
	CHECK_OK(berth_config_net(c, &net));
	CHECK(net.n_sockets == 1 && net.policy.n_ipc == 2 && !net.clock_trusted);
	assert_string_equal("/run/peers", net.sockets[0]);
	assert_string_equal("/srv/y", net.policy.ipc[1]);
	berth_netpol_free(&net.policy);
	berth_config_free(c);
	c = parsed("[tls]\nca = /nowhere.pem\n");
	CHECK_RC(BERTH_E_CONFIG, berth_config_net_check(c));
	berth_config_free(c);
}

static void limits_of_peers_reach_netd(void **state)
{
	struct berth_config *c = parsed("[listen]\nconnections = 1000\nconnections-per-address = 900\n"
					"requests-at-once = 2000\nrequests-per-second = 500\n[egress]\n"
					"requests-per-second = 60\n");
	struct berth_net_config usual, none, net;

	(void)state;
	CHECK_OK(berth_config_net(c, &net));
	CHECK(net.conns_max == 1000 && net.conns_source_max == 900 && net.requests_max == 2000);
	CHECK(net.rate_per_s == 500 && net.burst == 2000 && net.host_rate_per_s == 60);
	berth_netpol_free(&net.policy);
	berth_config_free(c);
	c = parsed("");
	CHECK_OK(berth_config_net(c, &none));
	berth_net_config_init(&usual);
	CHECK(none.conns_max == usual.conns_max && none.conns_source_max == usual.conns_source_max);
	CHECK(none.host_rate_per_s == usual.host_rate_per_s && none.requests_max == usual.requests_max && none.rate_per_s == usual.rate_per_s && none.burst == usual.burst);
	berth_netpol_free(&none.policy);
	berth_config_free(c);
	refused("[listen]\nconnections = 8193\n", "t:2: [listen] connections: out of range");
	refused("[listen]\nrequests-per-second = 0\n", "t:2: [listen] requests-per-second: out of range");
}

static void every_truncation_ends_well(void **state)
{
	size_t len;
	char *text = test_read_file("docs/berth.conf.example", &len);

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		struct berth_config *c;
		char *exact = malloc(n ? n : 1);

		memcpy(exact, text, n);
		if (berth_config_parse(&c, "t", exact, n))
			CHECK(c == NULL);
		berth_config_free(c);
		free(exact);
	}
	free(text);
}

/* Sections, options, lists and what adapters and netd are told. */
static enum berth_err read_and_told(void *arg)
{
	const char *text = arg;
	struct berth_buf json = BERTH_BUF_INIT;
	struct berth_netpol netpol = { 0 };
	struct berth_config *c;
	enum berth_err rc;

	if ((rc = berth_config_parse(&c, "t", text, strlen(text)))) {
		CHECK(c == NULL);
		return rc;
	}
	if (!(rc = berth_config_adapter_json(c, "x", &json)))
		rc = berth_config_netpol(c, &netpol);
	berth_netpol_free(&netpol);
	berth_buf_free(&json);
	berth_config_free(c);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	char text[] = "[agent]\nrole = gateway owner\nname = The Shop\n"
		      "[keystore main]\nuri = soft:/k\n[keystore second]\nuri = tpm2:?dir=/t\npcrs = 0 7\n"
		      "[listen]\nuri = nng+tcp://[::1]:2\n"
		      "[adapter x]\nlib = /usr/lib/x.so\nmethods = x\nledger = main\n";

	(void)state;
	CHECK(test_every_allocation_fails(read_and_told, text) > 10);
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A model's devices may be held to other things than all the others. */
static void reads_what_a_model_is_held_to(void **state)
{
	static const char text[] = "[policy]\nattest-every = 1d\nattest-drift = quarantine\n"
		"[reference a]\nmodel = A\npcr = 7:" HEX64 " 0:" HEX64 "\nattest-drift = report\n"
		"[reference b]\nmodel = B\nattest-every = 0\nattest-pcrs = 0 9\npcr = 9:" HEX64 "\n";
	static const char *const bad[] = { "7", "7:", "24:" HEX64, "07:" HEX64, "7:" HEX64 "0", "7:0123", "x:" HEX64,
		"7:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef" };
	struct berth_config *c = parsed(text);
	struct berth_policy p;
	char one[160];

	(void)state;
	CHECK_OK(berth_config_policy(c, &p));
	CHECK(p.n_references == 2 && p.references[0].n_pcrs == 2 && !p.references[0].n_digests);
	assert_string_equal(p.references[0].pcrs[1], "0:" HEX64);
	CHECK(!p.references[0].says_every && p.references[0].says_drift && !p.references[0].attest_quarantine);
	CHECK(p.references[1].says_every && !p.references[1].attest_every_s && !p.references[1].says_drift);
	CHECK(p.references[1].attest_pcrs == 0x201 && !p.references[0].attest_pcrs);
	berth_config_free(c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(one, sizeof(one), "[reference r]\nmodel = M\npcr = %s\n", bad[i]);
		CHECK_RC(BERTH_E_CONFIG, berth_config_parse(&c, "t", one, strlen(one)));
	}
}

/* What an owner asks of its devices. */
static void reads_what_devices_are_held_to(void **state)
{
	static const char good[] = "iPH1r5pSsYjfjo0cZ3IMrB1pjgkxNrLTSvb2cjqSwu8";
	static const struct { const char *text, *detail; } bad[] = {
		{ "[reference r]\nmodel = M\n", "[reference r]: needs model, and digest, pcr or attest-..." },
		{ "[reference r]\ndigest = x\n", "[reference r]: needs model, and digest, pcr or attest-..." },
		{ "[reference r]\nmodel = M\ndigest = x\n", "[reference r] digest: x is not a SHA-256 in base64url" },
		{ "[reference r]\nmodel = M\npcr = 9:" HEX64 "\n", "[reference r] pcr: 9:01234567... is not among attest-pcrs" },
		{ "[reference r]\nmodel = M\nattest-pcrs = 1\npcr = 7:" HEX64 "\n", "[reference r] pcr: 7:01234567... is not among attest-pcrs" },
		{ "[reference r]\npcr = 7:" HEX64 "\n", "[reference r]: needs model, and digest, pcr or attest-..." },
	};
	struct berth_config *c;
	struct berth_policy p;
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "[policy]\napprove-model = Berth Box 1\napprove-model = Berth Box 2\nattest-every = 1d\n"
		 "attest-pcrs = 0 7\nattest-drift = quarantine\nattest-silent = 3\nattest-lift = yes\ncredential-status = yes\nstatus-lifetime = 2h\n"
		 "[reference a]\nmodel = Berth Box 1\ndigest = %s\n[reference none]\n", good);
	c = parsed(text);
	CHECK_OK(berth_config_policy(c, &p));
	CHECK(p.n_approve_models == 2 && p.attest_every_s == 86400 && p.attest_pcrs == 0x81 && p.attest_quarantine && p.attest_lift && p.attest_silent == 3);
	CHECK(p.credential_status && p.status_s == 7200 && p.n_references == 1 && p.references[0].n_digests == 1);
	assert_string_equal(p.approve_models[1], "Berth Box 2");
	assert_string_equal(p.references[0].model, "Berth Box 1");
	assert_string_equal(p.references[0].digests[0], good);
	berth_config_free(c);
	c = parsed("");
	CHECK_OK(berth_config_policy(c, &p));
	CHECK(!p.n_approve_models && !p.attest_every_s && !p.attest_pcrs && !p.attest_quarantine && !p.attest_silent && !p.attest_lift && !p.credential_status);
	berth_config_free(c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		c = parsed(bad[i].text);
		CHECK_RC(BERTH_E_CONFIG, berth_config_policy(c, &p));
		assert_string_equal(berth_err_detail(), bad[i].detail);
		berth_config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sections_names_and_lists), cmocka_unit_test(reads_what_devices_are_held_to),
		cmocka_unit_test(reads_what_a_model_is_held_to), cmocka_unit_test(an_empty_file_is_all_defaults),
		cmocka_unit_test(c156_names_line_and_option), cmocka_unit_test(c156_sizes),
		cmocka_unit_test(c156_a_file_that_others_may_write_is_refused),
		cmocka_unit_test(the_example_lists_exactly_the_table),
		cmocka_unit_test(becomes_policy_and_egress_rules), cmocka_unit_test(listeners_have_what_they_need),
		cmocka_unit_test(limits_of_peers_reach_netd), cmocka_unit_test(becomes_rules_for_credentials), cmocka_unit_test(every_truncation_ends_well),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
