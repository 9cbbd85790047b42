/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_TPM_STORY_H
#define BERTH_TESTS_FAKES_TPM_STORY_H

#include "tests/fakes/story.h"
#include "tests/fakes/swtpm.h"

/* A story whose gateway has its keys in a TPM of its own, and a factory that knows the
 * TPM's maker: roots is PEM. */
#define TPM_STORY_URI 320
struct tpm_story {
	struct story s;
	struct test_swtpm t;
	char uri[TPM_STORY_URI], *roots;
};

void tpm_story_cast(struct tpm_story *x);	/* as story_cast() */
/* Nothing stays in the TPM but what the store knows. */
void tpm_story_end(struct tpm_story *x);

#endif
