/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <sys/stat.h>

#include "tests/fakes/tpm_story.h"

void tpm_story_cast(struct tpm_story *x)
{
	char dir[160];

	test_swtpm_start(&x->t, true);
	story_cast(&x->s);
	snprintf(dir, sizeof(dir), "%s/keys", x->s.gateway->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(x->uri, sizeof(x->uri), "tpm2:?dir=%s&tcti=%s", dir, x->t.tcti);
	x->s.gateway->key_uri = x->uri;
	x->roots = test_read_file(x->t.ca_pem, &(size_t){ 0 });
	x->s.factory->policy.ek_roots_pem = x->roots;
}

void tpm_story_end(struct tpm_story *x)
{
	story_end(&x->s);
	assert_int_equal(test_swtpm_handles(&x->t, 0x80), 0);
	assert_int_equal(test_swtpm_handles(&x->t, 0x02), 0);
	test_swtpm_stop(&x->t);
	free(x->roots);
}
