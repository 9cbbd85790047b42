/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a did:webvh log: read, written, approved, verified. */
#include "agent/cli/cli_webvh.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cli/cli_client.h"
#include "did/base/clock.h"
#include "did/method_webvh.h"
#include "did/webvh_witness.h"

#define PUBLIC_MODE 0644	/* a web server is to read them */

static enum berth_err path_of(struct berth_buf *out, const char *dir, const char *file)
{
	berth_buf_reset(out);
	berth_buf_printf(out, "%s/%s", dir, file);
	return berth_buf_status(out);
}

static enum berth_err read_file(struct berth_buf *out, const char *dir, const char *file, size_t max, bool may_be_absent)
{
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc = path_of(&path, dir, file);

	if (!rc && (!may_be_absent || access(berth_buf_cstr(&path), F_OK) == 0))
		rc = berth_cli_read(out, berth_buf_cstr(&path), max);
	berth_buf_free(&path);
	return rc;
}

static enum berth_err write_file(const char *dir, const char *file, const struct berth_buf *text)
{
	struct berth_buf path = BERTH_BUF_INIT;
	enum berth_err rc = path_of(&path, dir, file);

	if (!rc && !(rc = berth_cli_save_bytes(berth_buf_cstr(&path), text)) && chmod(berth_buf_cstr(&path), PUBLIC_MODE))
		rc = berth_fail(BERTH_E_UNAVAILABLE, "%s: cannot be made readable", berth_buf_cstr(&path));
	berth_buf_free(&path);
	return rc;
}

/* ---- the key ---- */

static enum berth_err open_key(struct berth_cli_webvh *w, const struct berth_cli *c)
{
	const char *uri = berth_cli_get(c, "--key-uri");
	enum berth_err rc;

	if (uri && strncmp(uri, "tpm2:", 5) == 0)
		return berth_fail(BERTH_E_KEY, "did:webvh 1.0 knows eddsa-jcs-2022 only, and a TPM has no keys of Ed25519: "
				  "use one of soft: or pkcs11:");
	if ((rc = berth_cli_key_open(c, &w->key, true)) || (rc = berth_webvh_kid(&w->kid, &w->key.pub)) ||
	    (rc = berth_keyring_local_new(&w->kr)))
		return rc;
	return w->key.ks ? berth_keyring_local_add_stored(w->kr, berth_buf_cstr(&w->kid), w->key.ks, w->key.info.name)
			 : berth_keyring_local_add(w->kr, berth_buf_cstr(&w->kid), &w->key.priv);
}

/* ---- the log ---- */

static enum berth_err keep_asked(struct berth_cli_webvh *w, const struct berth_webvh_log *log)
{
	uint32_t rule = log->versions[log->n - 1].rule;

	if (rule && !(w->asked = berth_json_clone(log->rules[rule - 1].witness)))
		return berth_no_memory();
	return BERTH_OK;
}

/* Takes the head over: what comes next is made of it. */
static enum berth_err read_log(struct berth_cli_webvh *w)
{
	struct berth_webvh_files f = { .unwitnessed = true };
	struct berth_webvh_entry e = { .json = NULL };
	struct berth_webvh_log log;
	enum berth_err rc;

	if ((rc = read_file(&w->log, w->dir, "did.jsonl", BERTH_WEBVH_LOG_MAX, false)) ||
	    (rc = read_file(&w->witness, w->dir, "did-witness.json", BERTH_WEBVH_WITNESS_MAX, true)))
		return rc;
	f.log = berth_buf_cstr(&w->log);
	f.log_len = w->log.len;
	if ((rc = berth_webvh_log_read(&log, &f, NULL, w->now_s)))
		return rc;
	if (*log.bad)
		rc = berth_fail(BERTH_E_RESOLVE, "%s", log.bad);
	if (!rc && !(rc = keep_asked(w, &log)) && !(rc = berth_webvh_log_entry(&e, &log, log.n - 1)) && !(w->document = berth_json_clone(e.state)))
		rc = berth_no_memory();
	if (!rc) {
		w->head = log.head;
		log.head = (struct berth_webvh_head){ .number = 0 };
	}
	berth_webvh_entry_free(&e);
	berth_webvh_log_free(&log);
	return rc;
}

enum berth_err berth_cli_webvh_open(struct berth_cli_webvh *w, const struct berth_cli *c, const char *dir_option, bool read)
{
	enum berth_err rc;

	memset(w, 0, sizeof(*w));
	if ((rc = berth_cli_need(c, dir_option, &w->dir)) || (rc = berth_cli_now(c, &w->now_s)))
		return rc;
	if (w->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an entry has a time, and the clock is not set: --now");
	if ((rc = open_key(w, c)))
		return rc;
	return read ? read_log(w) : BERTH_OK;
}

void berth_cli_webvh_close(struct berth_cli_webvh *w)
{
	berth_keyring_free(w->kr);
	berth_cli_key_close(&w->key);
	berth_webvh_head_free(&w->head);
	berth_json_free(w->document);
	berth_json_free(w->asked);
	berth_buf_free(&w->kid);
	berth_buf_free(&w->log);
	berth_buf_free(&w->witness);
}

/* The did:web document has the services that a did:webvh one has without saying so. */
static enum berth_err save_web(const struct berth_cli_webvh *w)
{
	struct berth_json *copy = berth_json_clone(w->document), *web = NULL;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_webvh_add_services(copy, w->head.id)) && !(rc = berth_webvh_to_web(&web, copy)) &&
	    !(rc = berth_json_print(&text, web))) {
		berth_buf_u8(&text, '\n');
		rc = write_file(w->dir, "did.json", &text);
	}
	berth_json_free(copy);
	berth_json_free(web);
	berth_buf_free(&text);
	return rc;
}

/* {"did","versionId","didDocument"}, and who must approve before it is published */
static enum berth_err print_head(const struct berth_cli_webvh *w, const struct berth_cli *c)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", w->head.id)) || (rc = berth_json_set_str(o, "versionId", w->head.version_id)) ||
	    (rc = berth_json_set(o, "didDocument", berth_json_clone(w->document))) ||
	    (w->asked && (rc = berth_json_set(o, "witness", berth_json_clone(w->asked))))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

enum berth_err berth_cli_webvh_save(struct berth_cli_webvh *w, const struct berth_cli *c)
{
	enum berth_err rc;

	if (w->log.len > BERTH_WEBVH_LOG_MAX)
		return berth_fail(BERTH_E_SIZE, "a log of %zu bytes", w->log.len);
	if ((berth_cli_has(c, "--did-web") && (rc = save_web(w))) || (rc = write_file(w->dir, "did.jsonl", &w->log)))
		return rc;
	return print_head(w, c);
}

/* ---- witness ---- */

static enum berth_err read_approvals(struct berth_json **out, const struct berth_buf *text)
{
	enum berth_err rc;

	*out = NULL;
	if (text->len == 0)
		return (*out = berth_json_new_array()) ? BERTH_OK : berth_no_memory();
	rc = berth_json_parse_exact(out, berth_buf_cstr(text), text->len, BERTH_WEBVH_WITNESS_MAX);
	if (!rc && !berth_json_is(*out, BERTH_JSON_ARRAY))
		rc = berth_fail(BERTH_E_TYPE, "did-witness.json is no JSON array");
	return rc;
}

/* Those of this version, and where it changes them, those of before. */
static enum berth_err check_asked(const struct berth_cli_webvh *w)
{
	const char *key = strchr(berth_buf_cstr(&w->kid), '#') + 1;

	berth_json_each(it, berth_json_get(w->asked, "witnesses"))
		if (strcmp(berth_webvh_witness_key(it), key) == 0)
			return BERTH_OK;
	return berth_fail(BERTH_E_KEY, "the key is of no witness of %s", w->head.version_id);
}

static enum berth_err print_approvals(const struct berth_cli_webvh *w, const struct berth_cli *c, const struct berth_json *file)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", w->head.id)) || (rc = berth_json_set_str(o, "versionId", w->head.version_id)) ||
	    (rc = berth_json_set(o, "approvals", berth_json_clone(file)))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

enum berth_err berth_cli_webvh_witness(struct berth_cli *c)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_cli_webvh w;
	struct berth_json *file = NULL;
	enum berth_err rc;

	if ((rc = berth_cli_webvh_open(&w, c, "--log", true)) || (rc = check_asked(&w)) || (rc = read_approvals(&file, &w.witness)) ||
	    (rc = berth_webvh_approve(file, w.head.version_id, w.kr, berth_buf_cstr(&w.kid), w.now_s)) ||
	    (rc = berth_json_print(&text, file)))
		goto out;
	berth_buf_u8(&text, '\n');
	if (!(rc = write_file(w.dir, "did-witness.json", &text)))
		rc = print_approvals(&w, c, file);
out:
	berth_json_free(file);
	berth_buf_free(&text);
	berth_cli_webvh_close(&w);
	return rc;
}

/* ---- verify-log ---- */

static enum berth_err print_verdict(const struct berth_cli *c, const struct berth_registry_result *r, const char *did, size_t n)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "did", did)) || (rc = berth_json_set_int(o, "versions", (int64_t)n)) ||
	    (rc = berth_json_set(o, "didDocument", berth_json_clone(berth_did_doc_json(r->doc)))) ||
	    (rc = berth_json_set(o, "didDocumentMetadata", berth_json_clone(r->metadata)))) {
		berth_json_free(o);
		return rc;
	}
	return berth_cli_print(c, o);
}

/* The log says whose it is where --did does not. */
static enum berth_err verify(const struct berth_cli *c, const struct berth_webvh_files *f, int64_t now_s, bool trusted)
{
	const struct berth_registry_piece pieces[] = { { "did.jsonl", (const uint8_t *)f->log, f->log_len },
						       { "did-witness.json", (const uint8_t *)f->witness, f->witness_len } };
	const struct berth_registry_evidence e = { .pieces = pieces, .n = f->witness ? 2 : 1 };
	const struct berth_did_version v = { berth_cli_get(c, "--version-id"), berth_cli_get(c, "--version-time"),
					     berth_cli_get(c, "--version-number") };
	struct berth_registry_judge j = { .now_s = now_s, .clock_trusted = trusted, .pin = "" };
	struct berth_registry_result r = { .doc = NULL };
	struct berth_buf pin = BERTH_BUF_INIT;
	struct berth_webvh_log log;
	const char *did = berth_cli_get(c, "--did");
	enum berth_err rc;

	j.new_pin = &pin;
	if ((rc = berth_webvh_log_read(&log, f, NULL, now_s)))
		return rc;
	if (!did)
		did = log.head.id;
	if (!(rc = berth_webvh_judge(&r, &e, did, &v, &j)))
		rc = print_verdict(c, &r, did, log.n);
	berth_registry_result_free(&r);
	berth_webvh_log_free(&log);
	berth_buf_free(&pin);
	return rc;
}

enum berth_err berth_cli_webvh_verify(struct berth_cli *c)
{
	struct berth_buf log = BERTH_BUF_INIT, witness = BERTH_BUF_INIT;
	const char *file = berth_cli_get(c, "--witness");
	struct berth_webvh_files f;
	int64_t now_s;
	enum berth_err rc;

	if ((rc = berth_cli_now(c, &now_s)) || (rc = berth_cli_read(&log, berth_cli_arg(c, 0), BERTH_WEBVH_LOG_MAX)) ||
	    (file && (rc = berth_cli_read(&witness, file, BERTH_WEBVH_WITNESS_MAX))))
		goto out;
	f = (struct berth_webvh_files){ .log = berth_buf_cstr(&log), .log_len = log.len,
					.witness = file ? berth_buf_cstr(&witness) : NULL, .witness_len = witness.len };
	rc = verify(c, &f, now_s < 0 ? berth_clock_build_s() : now_s, now_s >= 0);
out:
	berth_buf_free(&log);
	berth_buf_free(&witness);
	return rc;
}
