/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <sys/stat.h>

#include "tests/fakes/tpm_story.h"

void tpm_story_cast(struct story *s, struct test_swtpm *t, char uri[TPM_STORY_URI], char **roots)
{
	char dir[160];

	test_swtpm_start(t, true);
	story_cast(s);
	snprintf(dir, sizeof(dir), "%s/keys", s->gateway->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(uri, TPM_STORY_URI, "tpm2:?dir=%s&tcti=%s", dir, t->tcti);
	s->gateway->key_uri = uri;
	*roots = test_read_file(t->ca_pem, &(size_t){ 0 });
	s->factory->policy.ek_roots_pem = *roots;
}
