/* SPDX-License-Identifier: Apache-2.0 */
/* What was true once: an invitation that was used, a state folder of yesterday. */
#include <sys/wait.h>
#include <unistd.h>

#include "did/codec/base64url.h"
#include "tests/fakes/story.h"

#define LIMIT_S 7200

static void replace_folder(const char *from, const char *to)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("sh", "sh", "-c", "rm -rf \"$2\" && cp -a \"$1\" \"$2\"", "sh", from, to, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static struct berth_json *invitation(struct story *s)
{
	struct berth_json *out = NULL;

	sim_as(s->owner);
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, "cmd/invite", NULL, &out));
	assert_non_null(out);
	return out;
}

static enum berth_err give(struct story *s, const struct berth_json *inv)
{
	sim_as(s->gateway);
	return berth_agent_command(s->gateway->agent, "gateway", NULL, "cmd/invitation", inv, NULL);
}

/* The invitation with one character of its signed part changed, or of its signature. */
static struct berth_json *altered(const struct berth_json *inv, const char *member, const char *value)
{
	struct berth_json *copy = berth_json_clone(inv), *payload = NULL;
	const char *blob = berth_json_str(berth_json_get(inv, "blob"));
	const char *dot = strchr(blob, '.') + 1, *end = strchr(dot, '.');
	struct berth_buf text = BERTH_BUF_INIT, json = BERTH_BUF_INIT, token = BERTH_BUF_INIT;

	CHECK_OK(berth_b64url_decode(&text, dot, (size_t)(end - dot)));
	CHECK_OK(berth_json_parse_object(&payload, berth_buf_cstr(&text), text.len, BERTH_JSON_MAX));
	assert_non_null(berth_json_get(payload, member));
	CHECK_OK(berth_json_set_str(payload, member, value));
	CHECK_OK(berth_json_print(&json, payload));
	berth_buf_put(&token, blob, (size_t)(dot - blob));
	berth_b64url_encode(&token, json.p, json.len);
	berth_buf_str(&token, end);
	CHECK_OK(berth_json_set_str(copy, "blob", berth_buf_cstr(&token)));
	berth_json_free(payload);
	berth_buf_free(&text);
	berth_buf_free(&json);
	berth_buf_free(&token);
	return copy;
}

static void c068_an_invitation_serves_once_and_as_it_was_signed(void **state)
{
	struct berth_json *inv, *bad, *before, *after;
	struct story s;

	(void)state;
	story_begin(&s);
	inv = invitation(&s);
	bad = altered(inv, "ownerDID", story_identity(s.rendezvous, BERTH_ID_RENDEZVOUS)->did);
	CHECK_RC(BERTH_E_SIG, give(&s, bad));
	assert_string_equal(sim_state(s.gateway, "gateway", NULL), "SEEKING");
	berth_json_free(bad);
	CHECK_OK(give(&s, inv));	/* the twin */
	CHECK_RC(BERTH_E_AUTHZ, give(&s, inv));
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	before = story_data(&s, s.gateway);
	CHECK_RC(BERTH_E_AUTHZ, give(&s, inv));
	after = story_data(&s, s.gateway);
	assert_true(berth_json_equal(before, after));
	berth_json_free(before);
	berth_json_free(after);
	berth_json_free(inv);
	story_check_end(&s, 1);
	story_end(&s);
}

/* The device's counters are not in the state folder, so an older copy of it shows. */
static void c151_a_restored_state_folder_is_quarantined(void **state)
{
	char folder[192], yesterday[192], today[192];
	struct story s;
	size_t sent;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	snprintf(folder, sizeof(folder), "%s/state", s.gateway->dir);
	snprintf(yesterday, sizeof(yesterday), "%s/yesterday", s.gateway->dir);
	snprintf(today, sizeof(today), "%s/today", s.gateway->dir);
	replace_folder(folder, yesterday);
	story_sale(&s);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	sim_off(s.gateway);
	replace_folder(folder, today);

	replace_folder(yesterday, folder);
	sim_on(s.gateway);
	assert_true(berth_agent_quarantined(s.gateway->agent));
	assert_string_equal(sim_state(s.gateway, "gateway", NULL), "QUARANTINED");
	sent = s.w.sent;
	CHECK_RC(BERTH_E_STORE, berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/onboard", NULL, NULL));
	sim_wait(&s.w, 600);
	assert_int_equal(s.w.sent, sent);	/* it says nothing to anybody */
	sim_off(s.gateway);

	replace_folder(today, folder);		/* the twin */
	sim_on(s.gateway);
	assert_false(berth_agent_quarantined(s.gateway->agent));
	story_check_end(&s, 1);
	story_end(&s);
}

/* Every state that a gateway goes through is a step, from the first that must not be lost: a
 * copy from any of them, or before, shows once the next has been reached (C.3). */
static const char *const stops[] = { "INITIALIZED", "SEEKING", "CONTACTING", "DEVICE_PROVED", "PREPARED",
	"COMMITTING" };
#define STOPS (sizeof(stops) / sizeof(stops[0]))

static void copy_name(struct story *s, char out[192], const char *state)
{
	snprintf(out, 192, "%s/at-%s", s->gateway->dir, state);
}

/* What is restored is an old one: nothing is done with it. */
static void restored(struct story *s, const char *folder, const char *copy)
{
	replace_folder(copy, folder);
	sim_on(s->gateway);
	if (!berth_agent_quarantined(s->gateway->agent))
		fail_msg("%s was taken for the current one", copy);
	assert_string_equal(sim_state(s->gateway, "gateway", NULL), "QUARANTINED");
	sim_off(s->gateway);
	sim_drop(&s->w);
}

/* Until it accepts an owner, an older copy is what a power cut leaves. */
static bool is_tentative(const char *state)
{
	return berth_gateway_machine.tentative >> berth_machine_state(&berth_gateway_machine, state) & 1;
}

static void goes_on(struct story *s, const char *folder, const char *copy)
{
	replace_folder(copy, folder);
	sim_on(s->gateway);
	assert_false(berth_agent_quarantined(s->gateway->agent));
	sim_off(s->gateway);
	sim_drop(&s->w);
}

static void c151_a_copy_of_any_state_is_found_out(void **state)
{
	char folder[192], copy[192], today[192];
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	snprintf(folder, sizeof(folder), "%s/state", s.gateway->dir);
	story_sale(&s);
	for (size_t i = 0; i < STOPS; i++) {
		copy_name(&s, copy, stops[i]);
		if (i > 0) {	/* it is off, born, at the first */
			sim_on(s.gateway);
			assert_true(story_run_to(&s, s.gateway, stops[i]));
			sim_off(s.gateway);
		}
		replace_folder(folder, copy);
		if (i > 0) {	/* and at once: the one before */
			copy_name(&s, today, stops[i - 1]);
			(is_tentative(stops[i]) ? goes_on : restored)(&s, folder, today);
			replace_folder(copy, folder);
		}
	}
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	sim_off(s.gateway);
	snprintf(today, sizeof(today), "%s/today", s.gateway->dir);
	replace_folder(folder, today);
	for (size_t i = 0; i < STOPS; i++) {
		copy_name(&s, copy, stops[i]);
		restored(&s, folder, copy);
	}
	replace_folder(today, folder);		/* the twin */
	sim_on(s.gateway);
	assert_false(berth_agent_quarantined(s.gateway->agent));
	assert_string_equal(sim_state(s.gateway, "gateway", NULL), "OPERATIONAL");
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c068_an_invitation_serves_once_and_as_it_was_signed),
		cmocka_unit_test(c151_a_restored_state_folder_is_quarantined),
		cmocka_unit_test(c151_a_copy_of_any_state_is_found_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
