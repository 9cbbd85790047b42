/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration to what netd is told, and whether that can work. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/core/config.h"
#include "agent/ipc/netd_proto.h"

#define IPC "nng+ipc://"

static enum berth_err file(const struct berth_config *c, const char *key, char out[BERTH_NET_FILE_MAX + 1])
{
	const char *path = berth_config_str(c, "tls", NULL, key);

	if (strlen(path) > BERTH_NET_FILE_MAX)
		return berth_fail(BERTH_E_CONFIG, "[tls] %s: longer than %d", key, BERTH_NET_FILE_MAX);
	memcpy(out, path, strlen(path) + 1);
	return BERTH_OK;
}

static enum berth_err tls(const struct berth_config *c, struct berth_net_tls *out)
{
	enum berth_err rc;

	if ((rc = file(c, "certificate", out->certificate)) || (rc = file(c, "key", out->key)) ||
	    (rc = file(c, "ca", out->ca)) || (rc = file(c, "clients", out->clients)))
		return rc;
	if (!out->certificate[0] != !out->key[0])
		return berth_fail(BERTH_E_CONFIG, "[tls]: certificate and key go together");
	return BERTH_OK;
}

static bool starts(const char *uri, const char *scheme) { return strncmp(uri, scheme, strlen(scheme)) == 0; }

/* The folder of a listener's socket is netd's to write to. */
static enum berth_err socket_folder(struct berth_net_config *out, const char *path)
{
	char *dir = out->sockets[out->n_sockets], *slash;

	if (!berth_netpol_path_ok(path) || strchr(path + 1, '/') == NULL)
		return berth_fail(BERTH_E_CONFIG, "[listen] uri: %.120s is no path of a socket in a folder", path);
	snprintf(dir, sizeof(out->sockets[0]), "%s", path);
	slash = strrchr(dir, '/');
	*slash = '\0';
	out->n_sockets++;
	return BERTH_OK;
}

static enum berth_err listener(struct berth_net_config *out, const char *uri)
{
	bool with_tls = starts(uri, "nng+tls://") || starts(uri, "https://") || starts(uri, "wss://");

	if (with_tls && !out->tls.certificate[0])
		return berth_fail(BERTH_E_CONFIG, "[listen] uri: %.120s needs [tls] certificate and key", uri);
	if (with_tls || starts(uri, "nng+tcp://") || starts(uri, "http://") || starts(uri, "ws://"))
		return BERTH_OK;
	if (starts(uri, IPC))
		return socket_folder(out, uri + sizeof(IPC) - 1);
	return berth_fail(BERTH_E_CONFIG, "[listen] uri: %.120s: nng+tcp, nng+tls, nng+ipc, http, https, ws or wss", uri);
}

static enum berth_err listeners(const struct berth_config *c, struct berth_net_config *out)
{
	enum berth_err rc = BERTH_OK;
	const char *uri;

	for (size_t i = 0; !rc && (uri = berth_config_item(c, "listen", NULL, "uri", i)); i++)
		if (i == BERTH_NET_LISTENERS_MAX)
			rc = berth_fail(BERTH_E_CONFIG, "[listen] uri: more than %d", BERTH_NET_LISTENERS_MAX);
		else
			rc = listener(out, uri);
	return rc;
}

/* Words of a list, a space behind each; *len: how much that is.  max: of out, with its NUL apart. */
static enum berth_err
join(const struct berth_config *c, const char *section, const char *option, char *out, size_t max, size_t *len)
{
	const char *word;

	*len = 0;
	for (size_t i = 0; (word = berth_config_item(c, section, NULL, option, i)); i++) {
		size_t n = strlen(word);

		if (*len + n + 1 > max)
			return berth_fail(BERTH_E_CONFIG, "[%s] %s: more than %zu characters", section, option, max);
		memcpy(out + *len, word, n);
		*len += n;
		out[(*len)++] = ' ';
	}
	return BERTH_OK;
}

static enum berth_err origins(const struct berth_config *c, struct berth_net_config *out)
{
	return join(c, "listen", "origin", out->origins, BERTH_NET_ORIGINS_MAX, &(size_t){ 0 });
}

static uint32_t number(const struct berth_config *c, const char *section, const char *key)
{
	return (uint32_t)berth_config_int(c, section, NULL, key);
}

static void limits(const struct berth_config *c, struct berth_net_config *out)
{
	out->conns_max = number(c, "listen", "connections");
	out->conns_source_max = number(c, "listen", "connections-per-address");
	out->requests_max = number(c, "listen", "requests-at-once");
	out->rate_per_s = number(c, "listen", "requests-per-second");
	out->burst = out->rate_per_s * BERTH_NET_BURST_S;
	out->host_rate_per_s = number(c, "egress", "requests-per-second");
}

enum berth_err berth_config_net(const struct berth_config *c, struct berth_net_config *out)
{
	enum berth_err rc;

	berth_net_config_init(out);
	limits(c, out);
	out->clock_trusted = berth_config_bool(c, "agent", NULL, "clock-trusted");
	if ((rc = tls(c, &out->tls)) || (rc = listeners(c, out)) || (rc = origins(c, out)))
		return rc;
	return berth_config_netpol(c, &out->policy);
}

enum berth_err berth_config_browse(const struct berth_config *c, struct berth_net_browse *out)
{
	const char *server = berth_config_str(c, "rendezvous", NULL, "dns-sd-server");
	enum berth_err rc;
	size_t len;

	*out = (struct berth_net_browse){ .server = "" };
	if (strlen(server) > BERTH_NET_SERVER_MAX)
		return berth_fail(BERTH_E_CONFIG, "[rendezvous] dns-sd-server: %.80s", server);
	memcpy(out->server, server, strlen(server));
	if ((rc = join(c, "rendezvous", "dns-sd", out->domains, BERTH_NET_DOMAINS_MAX, &len)))
		return rc;
	return len ? BERTH_OK : berth_fail(BERTH_E_NOMATCH, "DNS is not asked");
}

enum berth_err berth_config_net_check(const struct berth_config *c)
{
	struct berth_net_config net;
	enum berth_err rc = berth_config_net(c, &net);
	const struct { const char *key, *path; } files[] = {
		{ "certificate", net.tls.certificate }, { "key", net.tls.key }, { "ca", net.tls.ca }, { "clients", net.tls.clients },
	};

	struct berth_net_browse browse;

	if (rc)
		return rc;
	berth_netpol_free(&net.policy);
	if ((rc = berth_config_browse(c, &browse)) && rc != BERTH_E_NOMATCH)
		return rc;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].path[0] && access(files[i].path, R_OK))
			return berth_fail(BERTH_E_CONFIG, "[tls] %s: %.200s: %m", files[i].key, files[i].path);
	return BERTH_OK;
}
