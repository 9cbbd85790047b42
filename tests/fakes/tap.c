/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/tap.h"

enum berth_err __real_berth_pack(struct berth_buf *out, const struct berth_pack *p, const struct berth_message *msg);
enum berth_err __wrap_berth_pack(struct berth_buf *out, const struct berth_pack *p, const struct berth_message *msg);

static test_tap_fn *listener;
static void *listener_arg;
static test_tap_edit_fn *editor;
static void *editor_arg;

void test_tap_edit(test_tap_edit_fn *fn, void *arg)
{
	editor = fn;
	editor_arg = arg;
}

void test_tap(test_tap_fn *fn, void *arg)
{
	listener = fn;
	listener_arg = arg;
}

enum berth_err __wrap_berth_pack(struct berth_buf *out, const struct berth_pack *p, const struct berth_message *msg)
{
	size_t before = out->len;
	enum berth_err rc;

	if (editor)
		editor(editor_arg, p, msg);
	rc = __real_berth_pack(out, p, msg);

	if (listener && rc == BERTH_OK)
		listener(listener_arg, p, msg, out->len - before);
	return rc;
}
