/* SPDX-License-Identifier: Apache-2.0 */
/* An owner moves to another address while its device works: the device finds it again, by
 * whatever knows of it, and takes nobody else's word for it. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/fakes/forge.h"
#include "tests/fakes/frames.h"

#define LIMIT_S 14400
#define DAY_S 86400
#define OLD "nng+tcp://owner.test:1"
#define NEW "nng+tcp://owner-new.test:1"
#define MALLORY "nng+tcp://mallory.test:1"

static struct story *now;
static size_t dialled;		/* Mallory, by the device */

static void count_mallory(struct sim_node *from, const char *uri)
{
	dialled += strcmp(from->name, "gateway") == 0 && strcmp(uri, MALLORY) == 0;
}

static void begin(struct story *s)
{
	story_in_use(s);
	assert_string_equal(s->owner->uri, OLD);
	now = s;
	dialled = 0;
	s->w.on_send = count_mallory;
}

/* Its host is switched off; another one has its store and another address. */
static void move_owner(struct story *s)
{
	sim_off(s->owner);
	s->owner->uri = s->owner->policy.endpoints[0] = NEW;
	sim_on(s->owner);
}

static bool device_is_at(const char *uri)
{
	struct berth_json *data = story_data(now, now->gateway);
	bool yes = strcmp(berth_data_str(berth_json_get(data, "active"), "uri"), uri) == 0;

	berth_json_free(data);
	return yes;
}

static bool found(struct sim *w) { return story_settled(w) && device_is_at(NEW); }
static bool told(struct sim *w) { return found(w) && story_audit(now->owner, "comes to " NEW) == 1; }

static bool renewed(struct sim *w)
{
	return story_settled(w) && story_audit(now->owner, "uses its new keys") >= 1;
}

/* Whatever comes next goes over the new address. */
static void end(struct story *s)
{
	struct berth_json *data;

	story_rotate(s);
	assert_true(sim_run(&s->w, renewed, LIMIT_S));
	data = story_data(s, s->owner);
	assert_null(berth_json_get(data, "move"));
	berth_json_free(data);
	story_end(s);
}

static void the_rendezvous_knows_where_the_owner_is_now(void **state)
{
	struct berth_json *data;
	struct story s;

	(void)state;
	begin(&s);
	move_owner(&s);
	assert_true(sim_run(&s.w, told, LIMIT_S));
	assert_int_equal(story_audit(s.gateway, "the owner is at " NEW), 1);
	data = story_data(&s, s.gateway);
	assert_null(berth_json_get(data, "lost"));
	assert_null(berth_json_get(data, "seek"));
	berth_json_free(data);
	end(&s);
}

/* The twin: it is only away for a while, and the device asks nobody. */
static void an_owner_that_comes_back_is_looked_for_nowhere(void **state)
{
	struct story s;
	int lookups;

	(void)state;
	begin(&s);
	lookups = story_audit(s.rendezvous, "a device asked who owns it");
	sim_off(s.owner);
	sim_wait(&s.w, 500);
	sim_on(s.owner);
	sim_wait(&s.w, LIMIT_S);
	assert_true(device_is_at(OLD));
	assert_int_equal(story_audit(s.gateway, "looking for it"), 0);
	assert_int_equal(story_audit(s.rendezvous, "a device asked who owns it"), lookups);
	story_end(&s);
}

static char services[512];

static void dns_says(struct sim_node *n, const char *did, const char *uri)
{
	snprintf(services, sizeof(services), "%.60s %s\n", did, uri);
	n->dns = services;
}

static void dns_knows_where_the_owner_is_now(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.rendezvous);
	dns_says(s.gateway, story_identity(s.owner, BERTH_ID_OWNER)->did, NEW);
	move_owner(&s);
	assert_true(sim_run(&s.w, told, LIMIT_S));
	end(&s);
}

static void dhcp_knows_where_the_owner_is_now(void **state)
{
	char path[160], line[256];
	struct story s;
	int fd;

	(void)state;
	begin(&s);
	sim_off(s.rendezvous);
	snprintf(path, sizeof(path), "%s/hints", s.gateway->dir);
	snprintf(line, sizeof(line), "%.60s " NEW "\n", story_identity(s.owner, BERTH_ID_OWNER)->did);
	assert_true((fd = open(path, O_CREAT | O_WRONLY, 0644)) >= 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
	s.gateway->policy.hints_file = path;
	move_owner(&s);
	assert_true(sim_run(&s.w, told, LIMIT_S));
	end(&s);
}

/* Somebody at the hinted address; a hint for anybody is none for the owner.  It costs tries,
 * ever more seldom, and the truth is found all the same. */
static void p5_lies_about_the_owner_are_only_tries(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	forge_mallory(&s, "mallory", MALLORY);
	dns_says(s.gateway, story_identity(s.owner, BERTH_ID_OWNER)->did, MALLORY);
	sim_off(s.owner);
	sim_wait(&s.w, DAY_S);
	assert_in_range(dialled, 4, 12);
	assert_true(device_is_at(OLD));
	assert_int_equal(story_audit(s.gateway, "the owner is at"), 0);
	s.gateway->dns = MALLORY "\n";
	dialled = 0;
	sim_wait(&s.w, DAY_S);
	assert_in_range(dialled, 1, 12);	/* as a rendezvous, maybe; and once more by what DNS said before */
	assert_int_equal(story_audit(s.gateway, "the owner is at"), 0);
	move_owner(&s);
	assert_true(sim_run(&s.w, told, LIMIT_S * 3));
	end(&s);
}

/* It names two; the one in use dies, and nobody else knows anything. */
static void the_next_of_several_addresses_is_taken(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	sim_off(s.owner);
	s.owner->also = NEW;
	s.owner->policy.endpoints[s.owner->policy.n_endpoints++] = NEW;
	sim_on(s.owner);
	story_start(&s);
	story_settle(&s);
	now = &s;
	assert_true(device_is_at(OLD));
	sim_off(s.rendezvous);
	s.owner->uri = NEW;
	assert_true(sim_run(&s.w, found, LIMIT_S));
	end(&s);
}

/* It names two, and is at the second alone when the device comes for the first time. */
static void an_owner_whose_first_address_is_dead_is_found(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	sim_off(s.owner);
	s.owner->uri = NEW;
	s.owner->policy.endpoints[s.owner->policy.n_endpoints++] = NEW;
	sim_on(s.owner);
	story_start(&s);
	assert_true(sim_run(&s.w, story_operational, 60));	/* the first run: none is given up in that time */
	now = &s;
	assert_int_equal(story_audit(s.gateway, "nobody answers at " OLD ": trying " NEW), 1);
	assert_true(sim_run(&s.w, found, LIMIT_S));
	story_check_end(&s, 1);
	end(&s);
}

/* At both for a while: it tells its device, and nobody has to be asked. */
static void an_owner_at_both_addresses_says_so_itself(void **state)
{
	struct story s;
	int lookups;

	(void)state;
	begin(&s);
	lookups = story_audit(s.rendezvous, "a device asked who owns it");
	sim_off(s.owner);
	s.owner->also = NEW;
	s.owner->policy.endpoints[0] = NEW;
	sim_on(s.owner);
	assert_true(sim_run(&s.w, told, LIMIT_S));
	assert_int_equal(story_audit(s.rendezvous, "a device asked who owns it"), lookups);
	s.owner->uri = NEW;
	end(&s);
}

/* What was on its way to the old address arrives at the new one. */
static void what_waits_for_the_owner_goes_with_it(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.owner);
	story_rotate(&s);
	sim_wait(&s.w, 60);
	move_owner(&s);
	assert_true(sim_run(&s.w, renewed, LIMIT_S));
	assert_true(device_is_at(NEW));
	story_end(&s);
}

static bool suspended(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0 && story_audit(now->owner, "knows that it is suspended") == 1;
}

static bool back(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->gateway), "OPERATIONAL") == 0 && device_is_at(NEW);
}

static void a_suspended_device_finds_it_too(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/suspend", NULL, NULL));
	assert_true(sim_run(&s.w, suspended, LIMIT_S));
	move_owner(&s);
	sim_wait(&s.w, 1);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/resume", NULL, NULL));
	assert_true(sim_run(&s.w, back, 2 * DAY_S));
	story_end(&s);
}

/* ---- others who say so */
static const struct berth_identity *operational(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const struct berth_identity *id = story_identity(s->gateway, berth_data_str(berth_json_get(data, "active"), "identity"));

	berth_json_free(data);
	return id;
}

static void say_here(struct story *s, struct sim_node *from, int64_t epoch, const char *uri)
{
	struct berth_json *body = berth_json_new_object(), *list = berth_json_new_array();
	const struct forge_say say = { .from = from, .identity = BERTH_ID_OWNER, .to = s->gateway,
		.to_did = operational(s)->did_long, .name = "here" };

	CHECK_OK(berth_json_set_int(body, "epoch", epoch));
	CHECK_OK(berth_json_push_str(list, uri));
	CHECK_OK(berth_json_set(body, "endpoints", list));
	forge_say(&say, body);
}

static bool knows(struct story *s, const char *uri)
{
	struct berth_json *data = story_data(s, s->gateway);
	bool yes = false;

	berth_json_each(one, berth_json_get(berth_json_get(data, "active"), "endpoints"))
		yes |= strcmp(berth_json_str(one), uri) == 0;
	berth_json_free(data);
	return yes;
}

/* The owner's own word is asked for at the address before that one is used; nobody else's
 * is heard, nor one of another epoch. */
static void only_the_owner_says_where_it_is(void **state)
{
	struct sim_node *mallory;
	struct story s;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", MALLORY);
	say_here(&s, mallory, 0, MALLORY);
	say_here(&s, s.owner, 1, MALLORY);
	sim_wait(&s.w, 60);
	assert_false(knows(&s, MALLORY));
	assert_int_equal(dialled, 0);
	say_here(&s, s.owner, 0, MALLORY);
	sim_wait(&s.w, LIMIT_S);
	assert_true(knows(&s, MALLORY));
	assert_int_equal(dialled, 1);
	assert_true(device_is_at(OLD));
	assert_int_equal(story_audit(s.gateway, "the owner is at"), 0);
	end(&s);
}

static size_t answers_to_where(struct story *s, struct sim_node *from, const char *identity)
{
	struct berth_json *body = berth_json_new_object();
	const struct forge_say say = { .from = from, .identity = identity, .to = s->owner,
		.to_did = story_identity(s->owner, BERTH_ID_OWNER)->did_long, .name = "where" };
	struct berth_hash h;

	CHECK_OK(berth_device_hash(&h, story_identity(s->gateway, BERTH_ID_FACTORY)->did, 0));
	CHECK_OK(berth_json_set_b64url(body, "deviceHash", h.b, 32));
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_str(body, "uri", OLD));
	forge_say(&say, body);
	return forge_answers(s);
}

/* Who is not the device hears nothing, whatever it knows of it. */
static void only_the_device_is_told(void **state)
{
	struct sim_node *mallory;
	struct story s;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", MALLORY);
	assert_int_equal(answers_to_where(&s, mallory, BERTH_ID_OWNER), 0);
	assert_int_equal(answers_to_where(&s, s.gateway, operational(&s)->name), 1);
	story_end(&s);
}

/* Those of the first half are the old address's, which nobody answers. */
static const struct frames frames = { begin, move_owner, told, end, LIMIT_S, .last = 12 };

static void each_frame_is_lost_doubled_or_late(void **state)
{
	(void)state;
	frames_each_fault(&frames);
}

/* The device's or the owner's process dies in the middle. */
static void either_side_starts_anew(void **state)
{
	struct story s;

	(void)state;
	for (int64_t at = 100; at < 1500; at += 200) {
		begin(&s);
		move_owner(&s);
		sim_run(&s.w, told, at);
		sim_off(s.gateway);
		sim_on(s.gateway);
		sim_run(&s.w, told, 100);
		sim_off(s.owner);
		sim_on(s.owner);
		assert_true(sim_run(&s.w, told, LIMIT_S));
		end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rendezvous_knows_where_the_owner_is_now),
		cmocka_unit_test(an_owner_that_comes_back_is_looked_for_nowhere),
		cmocka_unit_test(dns_knows_where_the_owner_is_now),
		cmocka_unit_test(dhcp_knows_where_the_owner_is_now),
		cmocka_unit_test(p5_lies_about_the_owner_are_only_tries),
		cmocka_unit_test(the_next_of_several_addresses_is_taken),
		cmocka_unit_test(an_owner_whose_first_address_is_dead_is_found),
		cmocka_unit_test(an_owner_at_both_addresses_says_so_itself),
		cmocka_unit_test(what_waits_for_the_owner_goes_with_it),
		cmocka_unit_test(a_suspended_device_finds_it_too),
		cmocka_unit_test(only_the_owner_says_where_it_is),
		cmocka_unit_test(only_the_device_is_told),
		cmocka_unit_test(each_frame_is_lost_doubled_or_late),
		cmocka_unit_test(either_side_starts_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
