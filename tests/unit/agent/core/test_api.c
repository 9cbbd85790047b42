/* SPDX-License-Identifier: Apache-2.0 */
/* Routes, principals, limits and answers, without sockets. */
#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/api_dispatch.h"
#include "agent/core/api_limit.h"
#include "agent/core/api_socket.h"
#include "tests/fakes/api_backend.h"
#include "tests/fakes/tmpdir.h"

static const char *const two_apps =
	"[principal web]\nuid = 33\nmay = self device identity:web present:web secret:wifi\n"
	"[principal ops]\ngid = 50 77\nmay = self, secret:*, identity:*, message:urn:app:a, message:urn:fam:*\n"
	"[principal strict]\nuid = 44\nexe = /usr/bin/strict\nunit = strict.service\nmay = self\n"
	"[principal example]\n";

static struct berth_config *cfg;
static struct berth_principals who;
static struct berth_peer peer;
static struct berth_api_answer ans;

static int fresh(void **state)
{
	(void)state;
	peer = (struct berth_peer){ .uid = 33, .gid = 33, .pidfd = -1 };
	return berth_config_parse(&cfg, "t", two_apps, strlen(two_apps)) || berth_principals_load(&who, cfg, NULL, NULL);
}

static int gone(void **state)
{
	(void)state;
	berth_principals_free(&who);
	berth_config_free(cfg);
	berth_buf_free(&ans.body);
	return 0;
}

static const char *who_is(uid_t uid, gid_t gid, gid_t extra)
{
	struct berth_peer p = { .uid = uid, .gid = gid, .groups = { 5, extra }, .n_groups = 2 };
	const struct berth_principal *one = berth_principal_of(&who, &p);

	return one ? one->name : NULL;
}

static void c130_a_caller_is_the_first_principal_that_matches(void **state)
{
	struct berth_peer p = { .uid = 44, .unit = "strict.service", .exe = "/usr/bin/strict" };

	(void)state;
	assert_string_equal(who_is(33, 1, 1), "web");
	assert_string_equal(who_is(33, 50, 77), "web");
	assert_string_equal(who_is(1, 50, 1), "ops");
	assert_string_equal(who_is(1, 1, 77), "ops");
	CHECK(who_is(1, 1, 1) == NULL);
	CHECK(who_is(44, 1, 1) == NULL);	/* the program is not known */
	assert_string_equal(berth_principal_of(&who, &p)->name, "strict");
	strcpy(p.unit, "other.service");
	CHECK(berth_principal_of(&who, &p) == NULL);
	strcpy(p.unit, "strict.service");
	strcpy(p.exe, "/usr/bin/strict2");
	CHECK(berth_principal_of(&who, &p) == NULL);
}

static void grants_are_exact(void **state)
{
	const struct berth_principal *web = &who.list[0], *ops = &who.list[1];

	(void)state;
	CHECK(berth_principal_may(web, "self", ""));
	CHECK(berth_principal_may(web, "secret:", "wifi"));
	CHECK(!berth_principal_may(web, "secret:", "wif"));
	CHECK(!berth_principal_may(web, "secret:", "wifi2"));
	CHECK(!berth_principal_may(web, "secret:", "*"));
	CHECK(!berth_principal_may(web, "secret:", ""));
	CHECK(!berth_principal_may(ops, "present:", "web"));
	CHECK(berth_principal_may(ops, "secret:", "anything"));
	CHECK(!berth_principal_may(ops, "device", ""));
	CHECK(!berth_principal_may(NULL, "self", ""));
}

static void accounts_may_be_names(void **state)
{
	char dir[TMPDIR_LEN];
	struct berth_principals p;
	struct berth_config *c;
	static const char text[] = "[principal a]\nuid = alice 7\ngid = staff\nmay = self\n";

	(void)state;
	test_tmpdir(dir);
	test_write_file(test_path(dir, "passwd"), "bob:x:1:1::/:/x\nalice:x:1234:1::/:/x\n", 38, 0600);
	test_write_file(test_path(dir, "group"), "staff:x:4321:\n", 14, 0600);
	CHECK_OK(berth_config_parse(&c, "t", text, strlen(text)));
	CHECK_OK(berth_principals_load(&p, c, test_path(dir, "passwd"), test_path(dir, "group")));
	CHECK(p.n == 1 && p.list[0].uids[0] == 1234 && p.list[0].uids[1] == 7 && p.list[0].gids[0] == 4321);
	berth_principals_free(&p);
	CHECK_RC(BERTH_E_CONFIG, berth_principals_load(&p, c, test_path(dir, "group"), test_path(dir, "group")));
	CHECK_RC(BERTH_E_CONFIG, berth_principals_load(&p, c, test_path(dir, "passwd"), test_path(dir, "none")));
	berth_config_free(c);
	CHECK_OK(berth_config_parse(&c, "t", "[principal a]\nmay = self\n", 25));
	CHECK_RC(BERTH_E_CONFIG, berth_principals_load(&p, c, NULL, NULL));
	berth_config_free(c);
	test_tmpdir_remove(dir);
}

static void call_as(enum berth_api_socket socket, const char *method, const char *path, const char *body)
{
	static const struct berth_api_quota quota = { 100, 16 };
	struct berth_api_call c = {
		.socket = socket, .peer = &peer, .principal = berth_principal_of(&who, &peer), .method = method,
		.path = path, .body = (const uint8_t *)body, .body_len = body ? strlen(body) : 0,
	};

	berth_buf_free(&ans.body);
	berth_api_dispatch(&ans, &fake_api_backend, &quota, &c);
}

static void app(const char *method, const char *path, const char *body, int status, const char *want)
{
	call_as(BERTH_SOCKET_APP, method, path, body);
	assert_string_equal(berth_buf_cstr(&ans.body), want);
	assert_int_equal(ans.status, status);
}

static void denied(const char *path, const char *principal, const char *missing)
{
	char want[256], who_text[64] = "null";

	if (principal)
		snprintf(who_text, sizeof(who_text), "\"%s\"", principal);
	snprintf(want, sizeof(want), "{\"error\":\"E_AUTHZ\",\"message\":\"%s\",\"principal\":%s,\"missing\":\"%s\"}",
		 principal ? "this principal lacks the right" : "no principal matches this caller", who_text, missing);
	app("GET", path, NULL, 403, want);
}

static void c135_each_sees_its_own_and_denials_say_why(void **state)
{
	(void)state;
	app("GET", "/v1/secrets/wifi", NULL, 200,
	    "{\"type\":\"network\",\"seq\":3,\"generation\":7,\"data\":\"aHVudGVyMg\",\"id\":\"wifi\"}");
	denied("/v1/secrets/cloud", "web", "secret:cloud");
	denied("/v1/secrets/none", "web", "secret:none");	/* whether it exists is nobody's business */
	denied("/v1/identities/db", "web", "identity:db");
	app("GET", "/v1/secrets", NULL, 200, "[{\"id\":\"wifi\",\"type\":\"network\",\"seq\":3,\"sha256\":\"YWI\",\"size\":7}]");
	app("GET", "/v1/identities", NULL, 200, "[{\"name\":\"web\",\"did\":\"did:x:web\"}]");
	peer = (struct berth_peer){ .uid = 1, .gid = 50 };
	denied("/v1/device", "ops", "device");
	app("GET", "/v1/identities", NULL, 200,
	    "[{\"name\":\"web\",\"did\":\"did:x:web\"},{\"name\":\"db\",\"did\":\"did:x:db\"}]");
	app("GET", "/v1/secrets/none", NULL, 404,
	    "{\"error\":\"E_NOMATCH\",\"message\":\"no none\",\"principal\":\"ops\",\"missing\":null}");
	peer = (struct berth_peer){ .uid = 2, .gid = 2 };
	denied("/v1/self", NULL, "self");
	denied("/v1/secrets", NULL, "secret:");
	denied("/v1/secrets/wifi", NULL, "secret:wifi");
}

/* Types have families; nothing else has. */
static void c135_messages_are_granted_by_type(void **state)
{
	(void)state;
	peer = (struct berth_peer){ .uid = 1, .gid = 50 };
	app("GET", "/v1/messages", NULL, 200, "[{\"seq\":1,\"for\":\"urn:app:a\",\"type\":\"urn:app:a\",\"from\":\"did:x:peer\","
	    "\"id\":\"m\",\"thid\":\"m\"}]");
	app("POST", "/v1/messages", "{\"to\":\"did:x:y\",\"type\":\"urn:app:a\"}", 200, "{\"id\":\"m\",\"thid\":\"m\"}");
	app("POST", "/v1/messages", "{\"to\":\"did:x:y\",\"type\":\"urn:fam:b/c\"}", 200, "{\"id\":\"m\",\"thid\":\"m\"}");
	app("POST", "/v1/messages", "{\"to\":\"did:x:y\",\"type\":\"urn:app:ab\"}", 403,
	    "{\"error\":\"E_AUTHZ\",\"message\":\"this principal lacks the right\",\"principal\":\"ops\",\"missing\":\"message:urn:app:ab\"}");
	call_as(BERTH_SOCKET_APP, "POST", "/v1/messages", "{\"to\":\"did:x:y\"}");
	CHECK(ans.status == 400 && strstr(berth_buf_cstr(&ans.body), "\"E_TYPE\""));
	peer = (struct berth_peer){ .uid = 33, .gid = 33 };
	app("GET", "/v1/messages", NULL, 200, "[]");
	peer = (struct berth_peer){ .uid = 2, .gid = 2 };
	denied("/v1/messages", NULL, "message:");
}

static void self_says_who_and_what(void **state)
{
	(void)state;
	peer.groups[0] = 7;
	peer.n_groups = 1;
	app("GET", "/v1/self", NULL, 200,
	    "{\"quotas\":{\"requestsPerSecond\":100,\"requestsAtOnce\":16},\"principal\":\"web\","
	    "\"selectors\":{\"uid\":33,\"gid\":33,\"pid\":0,\"exe\":\"\",\"unit\":\"\",\"groups\":[7]},"
	    "\"may\":[\"self\",\"device\",\"identity:web\",\"present:web\",\"secret:wifi\"],\"identities\":[\"web\"]}");
}

static void c133_bad_bodies_are_400(void **state)
{
#define P "/v1/identities/web/present"
#define BAD(code, message) \
	"{\"error\":\"" code "\",\"message\":\"" message "\",\"principal\":\"web\",\"missing\":null}"
	char big[700];

	(void)state;
	app("POST", P, "{\"audience\":\"did:x:v\",\"nonce\":\"n1\"}", 200, "{\"format\":\"vp+jwt\",\"presentation\":\"n1\"}");
	call_as(BERTH_SOCKET_APP, "POST", P, "{\"audience\":7,\"nonce\":\"n1\"}");
	CHECK(ans.status == 400 && strstr(berth_buf_cstr(&ans.body), "\"E_TYPE\""));
	call_as(BERTH_SOCKET_APP, "POST", P, "{\"audience\":\"a\"}");
	CHECK(ans.status == 400 && strstr(berth_buf_cstr(&ans.body), "\"E_TYPE\""));
	call_as(BERTH_SOCKET_APP, "POST", P, NULL);
	CHECK(ans.status == 400 && strstr(berth_buf_cstr(&ans.body), "\"E_TYPE\""));
	app("POST", P, "{\"audience\":\"a\",\"nonce\":\"n\",\"extra\":1}", 400, BAD("E_TYPE", "body: unknown member extra"));
	call_as(BERTH_SOCKET_APP, "POST", P, "{\"nonce\":\"a\",\"nonce\":\"b\"}");
	CHECK(ans.status == 400 && strstr(berth_buf_cstr(&ans.body), "\"E_JSON\""));
	call_as(BERTH_SOCKET_APP, "POST", P, "[]");
	CHECK(ans.status == 400 && strstr(berth_buf_cstr(&ans.body), "\"E_TYPE\""));
	app("GET", "/v1/device", "{}", 400, BAD("E_TYPE", "body: GET has none"));
	memset(big, 'n', sizeof(big));
	snprintf(big, sizeof(big), "{\"audience\":\"a\",\"nonce\":\"%0513d\"}", 0);
	call_as(BERTH_SOCKET_APP, "POST", P, big);
	CHECK(ans.status == 413 && strstr(berth_buf_cstr(&ans.body), "\"E_SIZE\""));
	snprintf(big, sizeof(big), "{\"audience\":\"a\",\"nonce\":\"%0512d\"}", 0);
	call_as(BERTH_SOCKET_APP, "POST", P, big);
	assert_int_equal(ans.status, 200);
}

static void c133_unknown_paths_are_404_and_wrong_methods_405(void **state)
{
	static const char *const none[] = {
		"", "/", "/v1", "/v1/", "/v1/self/", "//v1/self", "/v1/self/x", "/v2/self", "/v1/Self", "/v1/secrets/",
		"/v1/secrets/a/b", "/v1/identities//present", "/v1/status", "/v1/devices", "/v1/../v1/self", "v1/self",
	};
	char longest[BERTH_API_PATH_MAX + 16];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		app("GET", none[i], NULL, 404,
		    "{\"error\":\"E_NOMATCH\",\"message\":\"no such path\",\"principal\":\"web\",\"missing\":null}");
	app("POST", "/v1/self", NULL, 405,
	    "{\"error\":\"E_NOMATCH\",\"message\":\"not with this method\",\"principal\":\"web\",\"missing\":null}");
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "/v1/secrets/", 12);
	longest[sizeof(longest) - 1] = '\0';
	call_as(BERTH_SOCKET_APP, "GET", longest, NULL);
	assert_int_equal(ans.status, 404);
	longest[12 + BERTH_API_PARAM_MAX + 1] = '\0';
	call_as(BERTH_SOCKET_APP, "GET", longest, NULL);
	assert_int_equal(ans.status, 413);
	longest[12 + BERTH_API_PARAM_MAX] = '\0';
	call_as(BERTH_SOCKET_APP, "GET", longest, NULL);
	assert_int_equal(ans.status, 403);
}

static void parameters_are_percent_decoded_once(void **state)
{
	char param[BERTH_API_PARAM_MAX + 1];
	const struct berth_api_route *r;
	bool other;

	(void)state;
	CHECK_OK(berth_api_match(&r, &other, param, BERTH_SOCKET_ADMIN, "GET", "/v1/devices/did%3Ax%3a1%2541%2fz"));
	CHECK(r && r->op == BERTH_API_DEVICE_SHOW);
	assert_string_equal(param, "did:x:1%41/z");
	CHECK_OK(berth_api_match(&r, &other, param, BERTH_SOCKET_ADMIN, "POST", "/v1/devices/import"));
	CHECK(r && r->op == BERTH_API_DEVICES_IMPORT);
	CHECK_OK(berth_api_match(&r, &other, param, BERTH_SOCKET_ADMIN, "POST", "/v1/devices/import/approve"));
	CHECK(r && r->op == BERTH_API_DEVICE_APPROVE);
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/a%00"));
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/a%1b"));
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/a%"));
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/a%4"));
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/a%4g"));
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/a\n"));
	CHECK_RC(BERTH_E_TYPE, berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/%ff"));
	CHECK_OK(berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/%c3%a4"));
	assert_string_equal(param, "\xc3\xa4");
	CHECK_OK(berth_api_match(&r, &other, param, BERTH_SOCKET_APP, "GET", "/v1/secrets/%41"));
	assert_string_equal(param, "A");
}

static void the_admin_socket_is_for_the_operator(void **state)
{
	(void)state;
	peer.uid = 0;
	call_as(BERTH_SOCKET_ADMIN, "GET", "/v1/status", NULL);
	CHECK(ans.status == 200 && !ans.text);
	call_as(BERTH_SOCKET_ADMIN, "GET", "/v1/metrics", NULL);
	CHECK(ans.status == 200 && ans.text);
	assert_string_equal(berth_buf_cstr(&ans.body), "berth_up 1\n");
	call_as(BERTH_SOCKET_ADMIN, "GET", "/v1/secrets/wifi", NULL);
	assert_int_equal(ans.status, 404);
	call_as(BERTH_SOCKET_ADMIN, "POST", "/v1/devices/birth", "{\"batch\":\"a\",\"count\":1000}");
	assert_int_equal(ans.status, 404);	/* this backend has no such role */
	call_as(BERTH_SOCKET_ADMIN, "POST", "/v1/devices/birth", "{\"batch\":\"a\",\"count\":1001}");
	assert_int_equal(ans.status, 400);
	call_as(BERTH_SOCKET_ADMIN, "POST", "/v1/onboard", "{\"dryRun\":true}");
	assert_int_equal(ans.status, 200);
	call_as(BERTH_SOCKET_ADMIN, "POST", "/v1/onboard", "{\"dryRun\":\"yes\"}");
	assert_int_equal(ans.status, 400);
	peer.uid = 33;
	if (geteuid() != 33)
		call_as(BERTH_SOCKET_ADMIN, "GET", "/v1/status", NULL);
	assert_string_equal(berth_buf_cstr(&ans.body),
			    "{\"error\":\"E_AUTHZ\",\"message\":\"this principal lacks the right\","
			    "\"principal\":\"web\",\"missing\":\"admin\"}");
}

static void every_code_has_its_status(void **state)
{
	(void)state;
	peer.uid = 0;
	for (int code = 1; code < BERTH_E__COUNT; code++) {
		int exit_status = berth_err_exit((enum berth_err)code), want;
		char body[64], start[64];

		want = code == BERTH_E_SIZE ? 413 : code == BERTH_E_NOMATCH ? 404 : code == BERTH_E_QUOTA ? 429 :
			exit_status == 3 ? 400 : exit_status == 1 ? 403 : exit_status == 4 ? 503 : 500;
		snprintf(body, sizeof(body), "{\"to\":\"%s\"}", berth_err_name((enum berth_err)code));
		snprintf(start, sizeof(start), "{\"error\":\"%s\",\"message\":\"as \\\"asked\\\" ?[1m\"",
			 berth_err_name((enum berth_err)code));
		call_as(BERTH_SOCKET_ADMIN, "POST", "/v1/ping", body);
		assert_int_equal(ans.status, want);
		CHECK(!strncmp(berth_buf_cstr(&ans.body), start, strlen(start)));
		assert_int_equal(ans.retry_after_s != 0, want == 429 || want == 503);
	}
	call_as(BERTH_SOCKET_ADMIN, "POST", "/v1/ping", "{\"to\":\"did:x:1\"}");
	assert_int_equal(ans.status, 200);
}

static void after_is_a_number(void **state)
{
	static const struct berth_api_quota quota = { 1, 1 };
	static const struct { const char *text; int status; } cases[] = {
		{ "0", 200 }, { "999999999999999", 200 }, { "1000000000000000", 400 }, { "-1", 400 }, { "", 400 }, { "1x", 400 },
	};

	(void)state;
	peer.uid = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_api_call c = { .socket = BERTH_SOCKET_ADMIN, .peer = &peer, .method = "GET",
					    .path = "/v1/audit", .after = cases[i].text };

		berth_buf_free(&ans.body);
		berth_api_dispatch(&ans, &fake_api_backend, &quota, &c);
		assert_int_equal(ans.status, cases[i].status);
	}
}

/* ---- limits */

static void c132_a_user_has_its_share_and_no_more(void **state)
{
	struct berth_limit_user *u[16], *v;
	struct berth_limits l;
	bool over;

	(void)state;
	berth_limits_init(&l, 10, 2);
	CHECK((u[0] = berth_limits_open(&l, 1, 0, &over)) && !over);
	CHECK((u[1] = berth_limits_open(&l, 1, 0, &over)) && !over);
	for (int i = 2; i < 2 + BERTH_LIMIT_WAITING; i++)
		CHECK((u[i] = berth_limits_open(&l, 1, 0, &over)) && over);
	CHECK(!berth_limits_open(&l, 1, 0, &over));
	CHECK((v = berth_limits_open(&l, 2, 0, &over)) && !over);
	for (int i = 0; i < 20; i++)
		CHECK(berth_limits_request(&l, u[0], 0));
	CHECK(!berth_limits_request(&l, u[0], 0));
	CHECK(berth_limits_request(&l, v, 0));
	CHECK(!berth_limits_request(&l, u[0], 99));
	CHECK(berth_limits_request(&l, u[0], 100));
	CHECK(!berth_limits_request(&l, u[0], 100));
	CHECK(!berth_limits_request(&l, u[0], 50));	/* a clock that goes back gives nothing */
	for (int i = 0; i < 20; i++)
		CHECK(berth_limits_request(&l, u[0], 1000000));
	CHECK(!berth_limits_request(&l, u[0], 1000000));
	for (int i = 0; i < 2 + BERTH_LIMIT_WAITING; i++)
		berth_limits_close(u[i]);
	CHECK(berth_limits_open(&l, 1, 0, &over) && !over);
}

static void many_users_share_what_is_left(void **state)
{
	struct berth_limit_user *first, *one, *two;
	struct berth_limits l;
	bool over;

	(void)state;
	berth_limits_init(&l, 10, 2);
	first = berth_limits_open(&l, 1000, 0, &over);
	for (uid_t uid = 1001; uid < 1000 + BERTH_LIMIT_USERS; uid++)
		CHECK(berth_limits_open(&l, uid, 0, &over));
	one = berth_limits_open(&l, 9001, 0, &over);
	two = berth_limits_open(&l, 9002, 0, &over);
	CHECK(one == two && one != first);
	berth_limits_close(first);
	CHECK(berth_limits_open(&l, 9003, 0, &over) == first);
	berth_limits_close(one);
	CHECK(berth_limits_open(&l, 9004, 0, &over) == one);
}

/* ---- what /proc says */

static void the_unit_is_the_first_service(void **state)
{
	static const struct { const char *text, *unit; } cases[] = {
		{ "0::/system.slice/web.service\n", "web.service" },
		{ "0::/system.slice/web.service/evil.service\n", "web.service" },
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service\n", "user@1000.service" },
		{ "12:cpu:/x\n1:name=systemd:/system.slice/a.service\n0::/\n", "a.service" },
		{ "0::/system.slice/.service\n", "" }, { "0::/\n", "" }, { "", "" }, { "web.servic", "" },
	};
	char unit[BERTH_PEER_UNIT_MAX + 1], longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		berth_peer_unit_parse(unit, cases[i].text, strlen(cases[i].text));
		assert_string_equal(unit, cases[i].unit);
	}
	snprintf(longest, sizeof(longest), "0::/%0300d.service\n", 0);
	berth_peer_unit_parse(unit, longest, strlen(longest));
	assert_string_equal(unit, "");
}

static void the_start_is_behind_whatever_the_name_is(void **state)
{
	static const char good[] = "12 (a) R 1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n";

	(void)state;
	assert_int_equal(berth_peer_start_parse(good, strlen(good)), 4711);
	for (size_t n = 0; n < strlen(good); n++) {
		char *exact = malloc(n ? n : 1);
		uint64_t v;

		memcpy(exact, good, n);
		v = berth_peer_start_parse(exact, n);
		CHECK(v == 0 || (v == 4711 && n > strlen(good) - 8));
		free(exact);
	}
}

/* ---- sockets */

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void c131_modes_are_exact_under_any_umask(void **state)
{
	char dir[TMPDIR_LEN], run[TMPDIR_LEN + 8];
	int fd, again;

	(void)state;
	test_tmpdir(dir);
	snprintf(run, sizeof(run), "%s/run", dir);
	for (int i = 0; i < 2; i++) {
		mode_t old = umask(i ? 0 : 0777);

		CHECK_OK(berth_api_run_dir(run, BERTH_GROUP_OURS));
		CHECK_OK(berth_api_listen(&fd, run, "app.sock", 0660, getgid()));
		umask(old);
		assert_int_equal(mode_of(run), 0750);
		assert_int_equal(mode_of(test_path(run, "app.sock")), 0660);
		CHECK_RC(BERTH_E_UNAVAILABLE, berth_api_listen(&again, run, "app.sock", 0660, getgid()));
		close(fd);	/* stale now, and taken over the next time */
	}
	test_tmpdir_remove(dir);
}

static void c131_anything_else_at_the_path_is_refused(void **state)
{
	char dir[TMPDIR_LEN], deep[200];
	int fd;

	(void)state;
	test_tmpdir(dir);
	test_write_file(test_path(dir, "a.sock"), "x", 1, 0600);
	CHECK_RC(BERTH_E_CONFIG, berth_api_listen(&fd, dir, "a.sock", 0600, BERTH_GROUP_OURS));
	assert_int_equal(symlink("nowhere", test_path(dir, "b.sock")), 0);
	CHECK_RC(BERTH_E_CONFIG, berth_api_listen(&fd, dir, "b.sock", 0600, BERTH_GROUP_OURS));
	assert_int_equal(mode_of(test_path(dir, "a.sock")), 0600);
	snprintf(deep, sizeof(deep), "%0120d.sock", 0);
	CHECK_RC(BERTH_E_CONFIG, berth_api_listen(&fd, dir, deep, 0600, BERTH_GROUP_OURS));
	CHECK_OK(berth_api_listen(&fd, dir, "c.sock", 0600, BERTH_GROUP_OURS));
	close(fd);
	assert_int_equal(chmod(dir, 0777), 0);
	CHECK_RC(BERTH_E_CONFIG, berth_api_run_dir(dir, BERTH_GROUP_OURS));
	assert_int_equal(chmod(dir, 0770), 0);
	CHECK_RC(BERTH_E_CONFIG, berth_api_run_dir(dir, BERTH_GROUP_OURS));
	assert_int_equal(chmod(dir, 0755), 0);
	CHECK_OK(berth_api_run_dir(dir, BERTH_GROUP_OURS));
	assert_int_equal(mode_of(dir), 0750);
	assert_int_equal(symlink(dir, test_path(dir, "link")), 0);
	CHECK_RC(BERTH_E_CONFIG, berth_api_run_dir(test_path(dir, "link"), BERTH_GROUP_OURS));
	CHECK_RC(BERTH_E_CONFIG, berth_api_run_dir(test_path(dir, "none/below"), BERTH_GROUP_OURS));
	test_tmpdir_remove(dir);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
		T(c130_a_caller_is_the_first_principal_that_matches), T(grants_are_exact), T(accounts_may_be_names),
		T(c135_each_sees_its_own_and_denials_say_why), T(c135_messages_are_granted_by_type), T(self_says_who_and_what), T(c133_bad_bodies_are_400),
		T(c133_unknown_paths_are_404_and_wrong_methods_405), T(parameters_are_percent_decoded_once),
		T(the_admin_socket_is_for_the_operator), T(every_code_has_its_status), T(after_is_a_number),
		T(c132_a_user_has_its_share_and_no_more), T(many_users_share_what_is_left),
		T(the_unit_is_the_first_service), T(the_start_is_behind_whatever_the_name_is),
		T(c131_modes_are_exact_under_any_umask), T(c131_anything_else_at_the_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
