/* SPDX-License-Identifier: Apache-2.0 */
/* C.4, "no clock": a gateway's own idea of the time decides nothing and shows nowhere. */
#include "did/base/clock.h"
#include "did/codec/base64url.h"
#include "tests/fakes/story.h"
#include "tests/fakes/tap.h"

#define Y2000 INT64_C(946684800)
#define Y2038 INT64_C(2147483648)
#define Y2106 INT64_C(4294967296)
#define YEAR_S ((int64_t)366 * 86400)
#define LIMIT_S 7200

/* ---- nothing that the device says has a date ---- */
static const char *const dates[] = { "created_time", "expires_time", "iat", "exp", "nbf", "validFrom", "validUntil",
	"issuanceDate", "expirationDate", "created", "expires", "ownerTime", "time" };

struct listening { struct story *s; size_t messages, tokens; };

static void no_date(struct listening *l, const struct berth_json *v);

/* a compact JWS inside: its header and payload are looked through as well */
static void no_date_in_token(struct listening *l, const char *text)
{
	const char *dot = strchr(text, '.');

	if (strncmp(text, "eyJ", 3) != 0 || !dot || !strchr(dot + 1, '.'))
		return;
	for (const char *at = text; at == text || at == dot + 1; at = dot + 1) {
		struct berth_buf b = BERTH_BUF_INIT;
		struct berth_json *v = NULL;

		CHECK_OK(berth_b64url_decode(&b, at, (size_t)(strchr(at, '.') - at)));
		CHECK_OK(berth_json_parse(&v, (const char *)b.p, b.len, BERTH_JSON_MAX));
		no_date(l, v);
		berth_json_free(v);
		berth_buf_free(&b);
		if (at != text)
			break;
	}
	l->tokens++;
}

static void no_date(struct listening *l, const struct berth_json *v)
{
	if (berth_json_key(v))
		for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
			assert_string_not_equal(berth_json_key(v), dates[i]);
	if (berth_json_is(v, BERTH_JSON_NUMBER))
		assert_true(berth_json_num(v) < 1e9);	/* no seconds since 1970 under another name */
	if (berth_json_str(v))
		no_date_in_token(l, berth_json_str(v));
	berth_json_each(child, v)
		no_date(l, child);
}

static void listen(void *arg, const struct berth_pack *p, const struct berth_message *msg, size_t packed)
{
	struct listening *l = arg;

	(void)packed;
	if (!l->s->gateway->keys || p->keyring != l->s->gateway->keys->keyring)
		return;
	l->messages++;
	no_date(l, msg->json);
}

static void onboard(int64_t clock_s, bool trusted, int64_t jump_s)
{
	static const char *const stops[] = { "CONTACTING", "DEVICE_PROVED", "PREPARED", "COMMITTING" };
	struct listening l = { 0 };
	struct story s;

	story_cast(&s);
	l.s = &s;
	s.gateway->now_s = clock_s;
	s.gateway->cfg.clock_trusted = trusted;
	test_tap(listen, &l);
	story_start(&s);
	for (size_t i = 0; jump_s && i < sizeof(stops) / sizeof(stops[0]); i++) {
		assert_true(story_run_to(&s, s.gateway, stops[i]));
		s.gateway->now_s += i % 2 ? -jump_s : jump_s;
	}
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	test_tap(NULL, NULL);
	story_check_end(&s, 1);
	assert_true(l.messages >= 9);
	assert_true(l.tokens >= 5);
	story_end(&s);
}

static void with_the_clock_at_1970(void **state) { (void)state; onboard(0, false, 0); }
static void with_the_clock_at_2000(void **state) { (void)state; onboard(Y2000, false, 0); onboard(Y2000, true, 0); }
static void with_the_clock_at_2038(void **state) { (void)state; onboard(Y2038 - 30, false, 0); }
static void with_the_clock_at_2106(void **state) { (void)state; onboard(Y2106, false, 0); }
static void c074_time_jumps_both_ways_in_the_middle(void **state)
{
	(void)state;
	onboard(berth_clock_build_s() + 3600, false, 20 * YEAR_S);
	onboard(berth_clock_build_s() + 3600, false, -20 * YEAR_S);
}

/* A clock that shows less than the floor is wrong, whatever the configuration says. */
static void c074_a_clock_before_the_floor_is_not_trusted(void **state) { (void)state; onboard(0, true, 0); }

/* ---- the floor: DeviceCredential, then the owner's signed time, but not for ever ---- */
static int64_t floor_of(struct sim_node *n)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(n->store, "time-floor", &v));
	return v;
}

static void floor_after(int64_t owner_ahead_s, int64_t want_ahead_s)
{
	struct story s;
	int64_t born, end;

	story_cast(&s);
	s.gateway->now_s = Y2106;	/* never asked */
	story_start(&s);
	born = floor_of(s.gateway);
	assert_in_range(born, s.factory->now_s, s.factory->now_s + 60);
	s.owner->now_s += owner_ahead_s;
	assert_true(story_run_to(&s, s.gateway, "COMMITTING"));
	assert_int_equal(floor_of(s.gateway), born);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	end = floor_of(s.gateway);
	assert_in_range(end, born + want_ahead_s, born + want_ahead_s + 60);
	story_end(&s);
}

static void the_owners_time_moves_the_floor_at_commit(void **state) { (void)state; floor_after(5 * YEAR_S, 5 * YEAR_S); }
static void c074_but_no_more_than_ten_years(void **state) { (void)state; floor_after(50 * YEAR_S, 10 * YEAR_S); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_the_clock_at_1970),
		cmocka_unit_test(with_the_clock_at_2000),
		cmocka_unit_test(with_the_clock_at_2038),
		cmocka_unit_test(with_the_clock_at_2106),
		cmocka_unit_test(c074_time_jumps_both_ways_in_the_middle),
		cmocka_unit_test(c074_a_clock_before_the_floor_is_not_trusted),
		cmocka_unit_test(the_owners_time_moves_the_floor_at_commit),
		cmocka_unit_test(c074_but_no_more_than_ten_years),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
