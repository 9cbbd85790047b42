/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/netd/serve.h"
#include "did/base/clock.h"

#define PEM_MAX ((off_t)1 << 20)
#define CLOSED_OFTEN 3		/* nng counts some of them twice */

static enum berth_err check(int fd, const char *path, bool secret, size_t *len)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > PEM_MAX)
		return berth_fail(BERTH_E_CONFIG, "tls: %.200s is no file of 1 MiB at most", path);
	if (secret && ((st.st_mode & 027) || (st.st_uid != geteuid() && st.st_uid != 0)))
		return berth_fail(BERTH_E_CONFIG, "tls: %.200s: others can read it (mode %04o, want 0640 at most)", path,
				  (unsigned)st.st_mode & 07777);
	*len = (size_t)st.st_size;
	return BERTH_OK;
}

enum berth_err berth_netd_pem_read(struct berth_buf *out, const char *path, bool secret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	enum berth_err rc;
	uint8_t *to;

	if (fd < 0)
		return berth_fail(BERTH_E_CONFIG, "tls: %.200s: %s", path, strerror(errno));
	if ((rc = check(fd, path, secret, &len)))
		goto out;
	if (!(to = berth_buf_grow(out, len)))
		rc = berth_buf_status(out);
	else if (read(fd, to, len) != (ssize_t)len || memchr(to, 0, len) || !strstr(berth_buf_cstr(out), "-----BEGIN "))
		rc = berth_fail(BERTH_E_CONFIG, "tls: %.200s is not PEM", path);
out:
	close(fd);
	return rc;
}

/* nng has taken what we have read, or not. */
static enum berth_err taken(int rv, const char *path)
{
	if (rv == NNG_ENOMEM)
		return berth_netd_nng_fault(rv, path);
	return rv ? berth_fail(BERTH_E_CONFIG, "tls: %.200s: %s", path, nng_strerror(rv)) : BERTH_OK;
}

static enum berth_err set_own(nng_tls_config *c, const struct berth_net_tls *tls)
{
	struct berth_buf cert = BERTH_BUF_INIT, key = BERTH_BUF_INIT;
	enum berth_err rc = berth_netd_pem_read(&cert, tls->certificate, false);

	if (!rc && !(rc = berth_netd_pem_read(&key, tls->key, true)))
		rc = taken(nng_tls_config_own_cert(c, berth_buf_cstr(&cert), berth_buf_cstr(&key), NULL), tls->certificate);
	berth_buf_free(&cert);
	berth_buf_free(&key);
	return rc;
}

static enum berth_err set_believed(nng_tls_config *c, const char *path)
{
	struct berth_buf pem = BERTH_BUF_INIT;
	enum berth_err rc = berth_netd_pem_read(&pem, path, false);

	if (!rc)
		rc = taken(nng_tls_config_ca_chain(c, berth_buf_cstr(&pem), NULL), path);
	berth_buf_free(&pem);
	return rc;
}

static enum berth_err begin(nng_tls_config **out, nng_tls_mode mode, nng_tls_auth_mode auth)
{
	int rv = nng_tls_config_alloc(out, mode);

	if (rv) {
		*out = NULL;
		return berth_netd_nng_fault(rv, "tls");
	}
	if ((rv = nng_tls_config_version(*out, NNG_TLS_1_2, NNG_TLS_1_3)) || (rv = nng_tls_config_auth_mode(*out, auth)))
		return berth_netd_nng_fault(rv, "tls");
	return BERTH_OK;
}

static void drop(nng_tls_config **c)
{
	if (*c)
		nng_tls_config_free(*c);
	*c = NULL;
}

enum berth_err berth_netd_tls_server(nng_tls_config **out, const struct berth_net_tls *tls)
{
	bool ask = tls->clients[0];
	enum berth_err rc;

	*out = NULL;
	if (!tls->certificate[0])
		return berth_fail(BERTH_E_CONFIG, "listen: TLS needs [tls] certificate and key");
	rc = begin(out, NNG_TLS_MODE_SERVER, ask ? NNG_TLS_AUTH_MODE_REQUIRED : NNG_TLS_AUTH_MODE_NONE);
	if (!rc && !(rc = set_own(*out, tls)) && ask)
		rc = set_believed(*out, tls->clients);
	if (rc)
		drop(out);
	return rc;
}

enum berth_err berth_netd_tls_client(nng_tls_config **out, const struct berth_net_tls *tls, const char *host)
{
	enum berth_err rc;
	int rv;

	*out = NULL;
	if (!tls->ca[0])
		return berth_fail(BERTH_E_NETPOL, "%.60s: nng+tls needs [tls] ca", host);
	if (!(rc = begin(out, NNG_TLS_MODE_CLIENT, NNG_TLS_AUTH_MODE_REQUIRED)) && !(rc = set_believed(*out, tls->ca)) &&
	    tls->certificate[0])
		rc = set_own(*out, tls);
	if (!rc && (rv = nng_tls_config_server_name(*out, host)))
		rc = berth_netd_nng_fault(rv, host);
	if (rc)
		drop(out);
	return rc;
}

enum berth_err berth_netd_tls_clock(const struct berth_net_config *cfg)
{
	if (cfg->clock_trusted && berth_clock_now_s() >= berth_clock_build_s())
		return BERTH_OK;
	return berth_fail(BERTH_E_CLOCK, "without a trusted clock no certificate can be judged");
}

static uint64_t count(nng_stat *dialer, const char *name)
{
	nng_stat *s = nng_stat_find(dialer, name);

	return s ? nng_stat_value(s) : 0;
}

/* nng_stat_find_dialer() of nng 1.5.2 finds the first there is, whichever is asked for. */
static nng_stat *find_dialer(nng_stat *all, nng_dialer d)
{
	for (nng_stat *s = nng_stat_child(all); s; s = nng_stat_next(s))
		if (strcmp(nng_stat_name(s), "dialer") == 0 && count(s, "id") == (uint64_t)nng_dialer_id(d))
			return s;
	return NULL;
}

int berth_netd_tls_fault(nng_dialer d)
{
	nng_stat *all = NULL, *mine;
	int fault = 0;

	if (nng_stats_get(&all))
		return 0;
	if ((mine = find_dialer(all, d)) && count(mine, "auth"))
		fault = NNG_EPEERAUTH;
	else if (mine && count(mine, "other") >= CLOSED_OFTEN)
		fault = NNG_ECONNRESET;
	nng_stats_free(all);
	return fault;
}
