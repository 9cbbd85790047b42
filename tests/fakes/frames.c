/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/frames.h"

static size_t count(const struct frames *f)
{
	struct story s;
	size_t sent;

	f->begin(&s);
	sent = s.w.sent;
	f->act(&s);
	assert_true(sim_run(&s.w, f->done, f->limit_s));
	sent = s.w.sent - sent;
	f->end(&s);
	assert_true(sent >= f->at_least);
	return sent;
}

static void one(const struct frames *f, enum fault fault, size_t at)
{
	struct story s;

	f->begin(&s);
	s.w.fault = fault;
	s.w.fault_at = s.w.sent + at;
	f->act(&s);
	if (!sim_run(&s.w, f->done, 2 * f->limit_s))
		fail_msg("fault %d at frame %zu: gateway %s", (int)fault, at, story_state(&s, s.gateway));
	f->end(&s);
}

void frames_each(const struct frames *f, enum fault fault)
{
	size_t n = count(f);

	for (size_t at = f->last && f->last < n ? n - f->last : 1; at <= n; at++)
		one(f, fault, at);
}

void frames_each_fault(const struct frames *f)
{
	for (enum fault fault = FAULT_LOSE_REQUEST; fault <= FAULT_LATE; fault++)
		frames_each(f, fault);
}

void frames_many(const struct frames *f, uint32_t runs, int64_t limit_s)
{
	struct story s;

	for (uint32_t i = 0; i < runs; i++) {
		f->begin(&s);
		s.w.loss_percent = 30;
		s.w.seed = i;
		f->act(&s);
		assert_true(sim_run(&s.w, f->done, limit_s));
		f->end(&s);
	}
}
