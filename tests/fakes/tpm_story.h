/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_TPM_STORY_H
#define BERTH_TESTS_FAKES_TPM_STORY_H

#include "tests/fakes/story.h"
#include "tests/fakes/swtpm.h"

/* story_cast() of a gateway whose keys are in a TPM of its own, and a factory that knows the
 * TPM's maker: *roots is PEM, to be freed after the story's end. */
#define TPM_STORY_URI 320
void tpm_story_cast(struct story *s, struct test_swtpm *t, char uri[TPM_STORY_URI], char **roots);

#endif
