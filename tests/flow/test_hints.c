/* SPDX-License-Identifier: Apache-2.0 */
/* P5: what a network says (a file of DHCP's, DNS) of where a rendezvous is finds one that has moved, and does
 * nothing else: it names nobody, and who is there instead learns nothing. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/forge.h"

#define LIMIT_S 14400
#define MOVED "nng+tcp://rv-moved.test:1"
#define MALLORY "nng+tcp://mallory.test:1"

static size_t dialled;

static void count_mallory(struct sim_node *from, const char *uri)
{
	dialled += strcmp(from->name, "gateway") == 0 && strcmp(uri, MALLORY) == 0;
}

static char path[160];

/* Sold, the gateway off; it looks for hints in a file that is not there yet. */
static void sold(struct story *s)
{
	story_cast(s);
	story_birth(s);
	story_sale(s);
	snprintf(path, sizeof(path), "%s/hints", s->gateway->dir);
	s->gateway->policy.hints_file = path;
	dialled = 0;
	s->w.on_send = count_mallory;
}

/* As a hook does it: a file that is complete takes the place of the old one. */
static void say(const char *text)
{
	char next[176];
	int fd;

	snprintf(next, sizeof(next), "%s.new", path);
	assert_true((fd = open(next, O_CREAT | O_TRUNC | O_WRONLY, 0644)) >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(rename(next, path), 0);
}

static void done(struct story *s)
{
	story_settle(s);
	story_check_end(s, 1);
	story_end(s);
}

/* Its DeviceCredential names an address where nobody is any more. */
static void moved(struct story *s)
{
	sold(s);
	s->rendezvous->uri = MOVED;
	sim_on(s->gateway);
	sim_wait(&s->w, LIMIT_S);
	assert_string_equal(story_state(s, s->gateway), "SEEKING");
}

static void a_hint_finds_a_rendezvous_that_has_moved(void **state)
{
	struct story s;

	(void)state;
	moved(&s);
	say(MOVED "\n");
	done(&s);
}

static void a_hint_may_say_whom_it_is_about(void **state)
{
	char text[256];
	struct story s;

	(void)state;
	moved(&s);
	snprintf(text, sizeof(text), "%.40s " MOVED "\n", story_identity(s.rendezvous, BERTH_ID_RENDEZVOUS)->did_long);
	say(text);
	done(&s);
}

/* Nobody is asked whom the DeviceCredential does not name. */
static void p5_a_hint_never_names_a_rendezvous(void **state)
{
	struct sim_node *mallory;
	char text[256];
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", MALLORY);
	snprintf(text, sizeof(text), "%.100s " MALLORY "\n", story_identity(mallory, BERTH_ID_OWNER)->did);
	say(text);
	sim_on(s.gateway);
	done(&s);
	assert_int_equal(dialled, 0);
}

/* Somebody else is there: one lookup that nobody there can read, no delay, no owner. */
static void p5_a_hint_that_leads_to_somebody_else_costs_the_try(void **state)
{
	struct sim_node *mallory;
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", MALLORY);
	say(MALLORY "\n");
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_operational, 25));	/* the window is 30 s */
	assert_int_equal(dialled, 1);
	assert_int_equal(story_audit(mallory, "lookup"), 0);
	assert_int_equal(story_audit(mallory, "hello from device"), 0);
	done(&s);
}

/* Where the rendezvous is, nobody says: the device looks on, and is found when it is back. */
static void only_delay(struct story *s)
{
	sim_on(s->gateway);
	sim_wait(&s->w, LIMIT_S);
	assert_string_equal(story_state(s, s->gateway), "SEEKING");
	assert_in_range(dialled, 9, 60);
	assert_int_equal(story_audit(s->gateway, "an owner was found"), 0);
	s->rendezvous->uri = "nng+tcp://rv.test:1";
	done(s);
}

/* And when there is nobody else: it goes on asking as seldom as ever. */
static void p5_only_lies_are_only_delay(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	forge_mallory(&s, "mallory", MALLORY);
	s.rendezvous->uri = MOVED;
	say(MALLORY "\n");
	only_delay(&s);
}

static void what_cannot_be_read_is_no_hint(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	forge_mallory(&s, "mallory", MALLORY);
	say(MALLORY "\nnng+ipc:///run/berth/admin.sock\n");	/* the good one goes with the bad one */
	sim_on(s.gateway);
	done(&s);
	assert_int_equal(dialled, 0);
}

static void what_is_no_file_is_no_hint(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	assert_int_equal(mkfifo(path, 0644), 0);	/* nobody is held up by it */
	sim_on(s.gateway);
	done(&s);
}

/* ---- the same out of DNS */

static char services[512];

/* DNS says that a service is there, and whose it is. */
static void names(struct story *s, const char *did, const char *uri)
{
	snprintf(services, sizeof(services), "%.100s %s\n", did, uri);
	s->gateway->dns = services;
}

static void dns_finds_a_rendezvous_that_has_moved(void **state)
{
	struct story s;

	(void)state;
	moved(&s);
	names(&s, story_identity(s.rendezvous, BERTH_ID_RENDEZVOUS)->did, MOVED);
	done(&s);
}

static void p5_dns_never_names_a_rendezvous(void **state)
{
	struct sim_node *mallory;
	struct story s;

	(void)state;
	sold(&s);
	mallory = forge_mallory(&s, "mallory", MALLORY);
	names(&s, story_identity(mallory, BERTH_ID_OWNER)->did, MALLORY);
	sim_on(s.gateway);
	done(&s);
	assert_int_equal(dialled, 0);
}

/* Somebody else under the right DID, and nobody at the right address. */
static void p5_dns_that_lies_is_only_delay(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	forge_mallory(&s, "mallory", MALLORY);
	names(&s, story_identity(s.rendezvous, BERTH_ID_RENDEZVOUS)->did, MALLORY);
	s.rendezvous->uri = MOVED;
	only_delay(&s);
}

/* An answer is a thousand octets here, and the day has none left after thirty. */
static void what_dns_costs_counts_for_the_day(void **state)
{
	struct story s;

	(void)state;
	sold(&s);
	s.rendezvous->uri = MOVED;
	s.gateway->policy.seek_day_bytes = 30000;
	sim_on(s.gateway);
	sim_wait(&s.w, 86400 - 3600);
	assert_in_range(s.gateway->browsed, 5, 30);
	assert_int_equal(story_audit(s.gateway, "the day's octets for seeking are spent"), 1);
	assert_in_range((int64_t)berth_agent_wire_bytes(s.gateway->agent), 30000, 50000);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hint_finds_a_rendezvous_that_has_moved),
		cmocka_unit_test(a_hint_may_say_whom_it_is_about),
		cmocka_unit_test(p5_a_hint_never_names_a_rendezvous),
		cmocka_unit_test(p5_a_hint_that_leads_to_somebody_else_costs_the_try),
		cmocka_unit_test(p5_only_lies_are_only_delay),
		cmocka_unit_test(what_cannot_be_read_is_no_hint),
		cmocka_unit_test(what_is_no_file_is_no_hint),
		cmocka_unit_test(dns_finds_a_rendezvous_that_has_moved),
		cmocka_unit_test(p5_dns_never_names_a_rendezvous),
		cmocka_unit_test(p5_dns_that_lies_is_only_delay),
		cmocka_unit_test(what_dns_costs_counts_for_the_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
