/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_STATUS_H
#define BERTH_VC_STATUS_H

#include "vc/report.h"
#include "vc/status_list.h"

/* Where the lists are that a credential's status refers to. */
#define BERTH_STATUS_DIR_MAX 1024	/* files */

/* A list that was found and is authentic. */
struct berth_status_found {
	struct berth_status_list list;
	struct berth_json *document;	/* owned: the credential, or the token's payload */
	int64_t issued_s;		/* INT64_MIN: not said */
	bool stale;			/* past its own validity */
};

/* The newest list called id in v->status_dir that is signed by issuer.  token: an IETF
 * token, found by its sub; else a credential.  E_STATUS: none such; the detail says what
 * was wrong with the one that there was. */
BERTH_MUST_USE enum berth_err
berth_status_find(struct berth_status_found *out, const struct berth_verify *v, const char *id, const char *issuer,
		  bool token);
void berth_status_found_free(struct berth_status_found *f);

/* One document of text: E_STATUS for what is wrong with it. */
BERTH_MUST_USE enum berth_err
berth_status_open(struct berth_status_found *out, const struct berth_verify *v, const char *text, size_t n,
		  const char *id, const char *issuer, bool token);

/* Calls each() with every file of the folder, until it fails. */
typedef enum berth_err berth_status_file(void *arg, const char *name, const char *text, size_t n);
BERTH_MUST_USE enum berth_err berth_status_dir(const char *path, berth_status_file *each, void *arg);

#endif /* BERTH_VC_STATUS_H */
