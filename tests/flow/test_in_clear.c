/* SPDX-License-Identifier: Apache-2.0 */
/* P1: what somebody on the network can read, or who answers in an owner's place, until the owner
 * has proved itself: every frame is kept, as it is and with all that is base64url in it decoded,
 * and looked through for who the device is.  Sizes and times are not hidden. */
#include <string.h>

#include "did/codec/base64url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400
#define WORD_MIN 8		/* of base64url, to be worth decoding */

static bool holds(const uint8_t *p, size_t n, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(p + i, what, len) == 0)
			return true;
	return false;
}

static bool is_word(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* As it is, or in a header, an apu, a kid: whatever is encoded in it, and in that. */
static bool shows(const uint8_t *p, size_t n, const char *what, int depth)
{
	bool found = holds(p, n, what);

	for (size_t i = 0, end; !found && depth && i < n; i = end + 1) {
		struct berth_buf b = BERTH_BUF_INIT;

		for (end = i; end < n && is_word(p[end]); end++)
			;
		if (end - i >= WORD_MIN && !berth_b64url_decode(&b, (const char *)p + i, end - i))
			found = shows(b.p, b.len, what, depth - 1);
		berth_buf_free(&b);
	}
	return found;
}

/* answers: what comes back to the device as well, not only what it says */
static bool any_shows(const struct sim *w, const char *what, bool answers)
{
	for (size_t i = 0; i < w->n_frames; i++)
		if ((answers || !w->frames[i].reply) && shows(w->frames[i].bytes.p, w->frames[i].bytes.len, what, 3))
			return true;
	return false;
}

/* Of the factory DID the part that is in every form of it. */
static void identities(struct story *s, char did[32], char hash[48])
{
	const char *full = story_identity(s->gateway, BERTH_ID_FACTORY)->did;
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_hash h;

	snprintf(did, 32, "%.31s", full + strlen("did:peer:4"));
	CHECK_OK(berth_device_hash(&h, full, 0));
	berth_b64url_encode(&text, h.b, sizeof(h.b));
	snprintf(hash, 48, "%s", berth_buf_cstr(&text));
	berth_buf_free(&text);
}

/* Of what the rendezvous answers (redirect) the header says for whom it is, the factory DID in
 * short form: who listens between the two learns that, an owner does not. */
static void check_hidden(struct story *s)
{
	char did[32], hash[48];
	const char *const what[] = { s->gateway->policy.serial, s->gateway->policy.model, hash, s->device, "deviceHash",
		"correct horse", "hello" };

	identities(s, did, hash);
	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		if (any_shows(&s->w, what[i], true))
			fail_msg("%s can be read", what[i]);
	if (any_shows(&s->w, did, false))
		fail_msg("the device says who it is in clear");
}

static void p1_until_the_owner_is_proved_nobody_reads_who_asks(void **state)
{
	char did[32], hash[48];
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	s.w.record = true;
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.owner, "SESSION"));	/* lookup, prove, hello */
	assert_true(s.w.n_frames >= 5);
	check_hidden(&s);
	/* the twin: in what it says later its key is named, and found */
	story_settle(&s);
	identities(&s, did, hash);
	assert_true(any_shows(&s.w, did, false));
	assert_false(any_shows(&s.w, s.gateway->policy.serial, true));
	assert_false(any_shows(&s.w, "correct horse", true));
	story_end(&s);
}

/* Somebody has the address that the true owner's registration names, takes all that is sent
 * there, and has nothing to prove. */
static bool gave_up(struct sim *w) { return story_audit(w->node[3].agent ? &w->node[3] : NULL, "did not answer in time") >= 1; }

static void p1_who_answers_in_the_owners_place_reads_nothing(void **state)
{
	struct sim_node *mallory;
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	sim_off(s.owner);
	mallory = forge_mallory(&s, "mallory", s.owner->uri);
	s.owner->uri = NULL;
	s.w.record = true;
	sim_on(s.gateway);
	assert_ptr_equal(s.gateway, &s.w.node[3]);
	assert_true(sim_run(&s.w, gave_up, LIMIT_S));
	assert_true(s.w.n_frames >= 5);
	check_hidden(&s);
	assert_int_equal(story_audit(mallory, "hello"), 0);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_until_the_owner_is_proved_nobody_reads_who_asks),
		cmocka_unit_test(p1_who_answers_in_the_owners_place_reads_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
