/* SPDX-License-Identifier: Apache-2.0 */
/* The local API over the fake backend: api_server CONFIG [limit-of-descriptors].
 * Prints "ready" when it listens; ends on SIGTERM.  api_server --routes prints the
 * route table, one line an endpoint. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/core/api_route.h"
#include "did/base/log.h"
#include "tests/fakes/api_backend.h"

static volatile sig_atomic_t ended;

static void on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static int serve(struct berth_api *api)
{
	struct pollfd p = { .fd = berth_api_fd(api), .events = POLLIN };

	puts("ready");
	fflush(stdout);
	while (!ended) {
		uint32_t ms = berth_api_timeout_ms(api);

		poll(&p, 1, ms > 1000 ? 1000 : (int)ms);
		berth_api_run(api);
	}
	return 0;
}

static int print_routes(void)
{
	static const char *const types[] = { "string", "boolean", "object", "array", "integer" };
	static const char *const sockets[] = { "", "app", "admin", "app+admin" };

	for (size_t i = 0; i < berth_api_routes_n; i++) {
		const struct berth_api_route *r = &berth_api_routes[i];

		printf("%s %s %s %s", r->method, r->path, sockets[r->sockets],
		       r->right ? r->right : r->filter ? r->filter : r->of_member ? r->of_member : "-");
		for (const struct berth_api_field *f = r->fields; f && f->name; f++)
			printf(" %s:%s:%s:%zu", f->name, types[f->type], f->required ? "required" : "optional", (size_t)f->max);
		puts("");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };
	struct berth_config *cfg = NULL;
	struct berth_api *api = NULL;
	enum berth_err rc;
	int status = 1;

	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && !strcmp(argv[1], "--routes"))
		return print_routes();
	berth_log_init("api_server", BERTH_LOG_INFO, true);
	if (argc > 2) {
		struct rlimit l = { .rlim_cur = (rlim_t)atoi(argv[2]), .rlim_max = (rlim_t)atoi(argv[2]) };

		setrlimit(RLIMIT_NOFILE, &l);
	}
	if (argc < 2 || (rc = berth_config_load(&cfg, argv[1])) || (rc = berth_api_new(&api, cfg, &fake_api_backend)))
		fprintf(stderr, "%s: %s\n", argc < 2 ? "E_USAGE" : berth_err_name(rc), berth_err_detail());
	else
		status = serve(api);
	berth_api_free(api);
	berth_config_free(cfg);
	return status;
}
