/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_CONTENTS_H
#define BERTH_TESTS_CONTENTS_H

/* What is in a keystore file that nobody writes; put in a file's place it is one of the
 * form from before there were slots. */
#include "did/keystore/slots.h"
#include "tests/check.h"

static inline char *test_contents(const char *path, size_t *n)
{
	char *file = test_read_file(path, n);
	struct berth_slots s;
	struct berth_cur c;

	CHECK_OK(berth_slots_read(&s, &c, file, *n));
	*n = c.n;
	memmove(file, c.p, c.n);
	file[c.n] = '\0';
	return file;
}

#endif
