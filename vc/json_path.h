/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JSON_PATH_H
#define BERTH_VC_JSON_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/base/buf.h"
#include "did/base/json.h"

/* Paths to claims, of two kinds.  JSONPath (RFC 9535) as Presentation Exchange uses it:
 * $ .name ['name'] ["name"] [0] .* [*] and ..name; the rest of it (filters, slices,
 * unions, negative indices) is refused.  DCQL's claims path pointer: an array of names,
 * indices and null for all elements. */
#define BERTH_PATH_TEXT_MAX 1024
#define BERTH_PATH_STEPS_MAX 32

enum berth_step_kind { BERTH_STEP_NAME, BERTH_STEP_INDEX, BERTH_STEP_ALL, BERTH_STEP_DEEP };

struct berth_path_step {
	enum berth_step_kind kind;
	char *name;		/* owned: NAME, DEEP (NULL: all) */
	size_t index;
};

struct berth_path {
	struct berth_path_step *steps;	/* owned */
	size_t n;
	bool elements_only;	/* DCQL's: names are of objects, the others of arrays */
};

/* E_TYPE: none, or not supported; E_SIZE. */
BERTH_MUST_USE enum berth_err berth_path_parse(struct berth_path *out, const char *text);
BERTH_MUST_USE enum berth_err berth_path_read(struct berth_path *out, const struct berth_json *array);
void berth_path_free(struct berth_path *p);	/* fine on a zeroed one */

/* Calls fn with each value that the path selects, in the document's order, and the JSON
 * Pointer to it (RFC 6901, borrowed), until fn says that it is enough.  Each value looked
 * at takes one off *budget; E_SIZE: it is used up.  E_NOMATCH: a claims path pointer met
 * a value that its next step is not for, so that nothing is selected, whatever fn saw. */
typedef enum berth_err berth_path_fn(void *arg, const struct berth_json *v, const char *pointer, bool *enough);
BERTH_MUST_USE enum berth_err
berth_path_select(const struct berth_path *p, const struct berth_json *root, size_t *budget, berth_path_fn *fn, void *arg);

#endif /* BERTH_VC_JSON_PATH_H */
