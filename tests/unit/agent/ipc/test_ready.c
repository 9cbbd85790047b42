/* SPDX-License-Identifier: Apache-2.0 */
/* The list of jobs that other threads have done: who rings, and when nobody needs to. */
#include "agent/ipc/ready.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/check.h"

#define JOBS 20000
#define LONG_MS 20000

static struct berth_ready ready;
static struct berth_job job, another;
static unsigned ran;

static bool rung(int wait_ms)
{
	struct pollfd p = { .fd = ready.fd, .events = POLLIN };

	return poll(&p, 1, wait_ms) == 1;
}

static void count(struct berth_job *j)
{
	(void)j;
	ran++;
}

static void puts_another(struct berth_job *j)
{
	(void)j;
	ran++;
	berth_ready_put(&ready, &another);
}

static void begin(void (*first)(struct berth_job *))
{
	ran = 0;
	job = (struct berth_job){ .done = first };
	another = (struct berth_job){ .done = count };
	CHECK_OK(berth_ready_init(&ready));
	assert_false(rung(0));
}

static void end(void)
{
	close(ready.fd);
	pthread_mutex_destroy(&ready.lock);
}

static void the_first_rings(void **state)
{
	(void)state;
	begin(count);
	berth_ready_put(&ready, &job);
	assert_true(rung(0));
	berth_ready_put(&ready, &job);	/* it is there already */
	berth_ready_put(&ready, &another);
	berth_ready_run(&ready);
	assert_int_equal(2, ran);
	assert_false(rung(0));
	berth_ready_put(&ready, &another);
	assert_true(rung(0));
	end();
}

static void nobody_rings_for_what_is_run_anyway(void **state)
{
	(void)state;
	begin(puts_another);
	berth_ready_put(&ready, &job);
	berth_ready_run(&ready);
	assert_int_equal(2, ran);
	assert_false(rung(0));
	berth_ready_put(&ready, &another);	/* nobody runs them any more */
	assert_true(rung(0));
	berth_ready_run(&ready);
	assert_int_equal(3, ran);
	end();
}

/* ---- and from another thread none is left behind */

static struct berth_job many[JOBS];

static void *put_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < JOBS; i++)
		berth_ready_put(&ready, &many[i]);
	return NULL;
}

static void none_is_left_behind(void **state)
{
	pthread_t t;

	(void)state;
	begin(count);
	for (size_t i = 0; i < JOBS; i++)
		many[i] = (struct berth_job){ .done = count };
	assert_int_equal(0, pthread_create(&t, NULL, put_all, NULL));
	while (ran < JOBS) {
		assert_true(rung(LONG_MS));
		berth_ready_run(&ready);
	}
	assert_int_equal(0, pthread_join(t, NULL));
	assert_int_equal(JOBS, ran);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rings),
		cmocka_unit_test(nobody_rings_for_what_is_run_anyway),
		cmocka_unit_test(none_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
