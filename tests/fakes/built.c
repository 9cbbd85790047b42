/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/built.h"

#include <limits.h>
#include <unistd.h>

#include "tests/check.h"

void test_built(char *out, size_t size, const char *file)
{
	char self[PATH_MAX] = "";
	char *at = NULL;

	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	for (char *p = self; (p = strstr(p, "/tests/")); p++)
		at = p;	/* the last one: the tree itself may stand below a folder "tests" */
	CHECK(at);
	*at = '\0';
	CHECK((size_t)snprintf(out, size, "%s/%s", self, file) < size);
}
