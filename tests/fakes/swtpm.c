/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/swtpm.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

static char made[64];	/* the state with an EK certificate */

void test_sh(const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

static void remove_made(void)
{
	char cmd[96];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", made);
	if (made[0] && system(cmd) != 0)
		perror(cmd);
}

/* swtpm_setup with a CA of its own: the system's belongs to another user. */
static void make_state(void)
{
	snprintf(made, sizeof(made), "/tmp/berth-swtpm-ca.XXXXXX");
	assert_non_null(mkdtemp(made));
	atexit(remove_made);
	test_sh("cd %s && mkdir state ca && printf 'statedir=%%s/ca\\nsigningkey=%%s/ca/key.pem\\nissuercert=%%s/ca/issuer.pem\\n"
	   "certserial=%%s/ca/serial\\n' $PWD $PWD $PWD $PWD >localca.conf && "
	   "printf -- '--platform-manufacturer Berth\\n--platform-version 1\\n--platform-model test\\n' >localca.options && "
	   "printf 'create_certs_tool=%%s\\ncreate_certs_tool_config=%%s/localca.conf\\n"
	   "create_certs_tool_options=%%s/localca.options\\nactive_pcr_banks=sha256\\n' $(command -v swtpm_localca) $PWD $PWD >setup.conf && "
	   "swtpm_setup --tpm2 --tpmstate $PWD/state --config $PWD/setup.conf --create-ek-cert "
	   "--create-platform-cert --lock-nvram --overwrite >setup.log 2>&1 && cat ca/*.pem | "
	   "sed -n '/BEGIN CERT/,/END CERT/p' >ca.pem", made);
}

static bool answers(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	bool ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	close(fd);
	return ok;
}

static void run(struct test_swtpm *t)
{
	char ctrl[96];

	snprintf(ctrl, sizeof(ctrl), "%s/s.ctrl", t->dir);
	test_sh("cd %s && rm -f s s.ctrl && swtpm socket --tpm2 --tpmstate dir=%s/state "
	   "--server type=unixio,path=%s/s,mode=0600 --ctrl type=unixio,path=%s/s.ctrl,mode=0600 "
	   "--flags not-need-init,startup-clear --seccomp action=kill --daemon --pid file=%s/pid >log 2>&1",
	   t->dir, t->dir, t->dir, t->dir, t->dir);
	CHECK_SOON(answers(ctrl));
}

void test_swtpm_start(struct test_swtpm *t, bool with_ek)
{
	snprintf(t->dir, sizeof(t->dir), "/tmp/berth-swtpm.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->tcti, sizeof(t->tcti), "swtpm:path=%s/s", t->dir);
	t->ca_pem[0] = '\0';
	if (with_ek) {
		if (!made[0])
			make_state();
		snprintf(t->ca_pem, sizeof(t->ca_pem), "%s/ca.pem", made);
		test_sh("cp -a %s/state %s/state", made, t->dir);
	} else {
		test_sh("mkdir %s/state", t->dir);
	}
	run(t);
}

void test_swtpm_kill(struct test_swtpm *t)
{
	/* its state is locked until it is all gone; one that nobody collects is */
	test_sh("p=$(cat %s/pid 2>/dev/null) && kill -9 $p && while grep -qs ') [^ZX]' /proc/$p/stat; do sleep 0.01; done; true", t->dir);
}

void test_swtpm_restart(struct test_swtpm *t)
{
	test_swtpm_kill(t);
	run(t);
}

void test_swtpm_clear(struct test_swtpm *t)
{
	test_sh("TPM2TOOLS_TCTI=%s tpm2_clear -c p", t->tcti);
}

unsigned test_swtpm_handles(struct test_swtpm *t, unsigned kind)
{
	char cmd[192];
	unsigned n = 0;
	FILE *p;

	snprintf(cmd, sizeof(cmd), "TPM2TOOLS_TCTI=%s tpm2_getcap %s | grep -c 0x", t->tcti,
		 kind == 0x80 ? "handles-transient" : kind == 0x81 ? "handles-persistent"
		 : kind == 0x01 ? "handles-nv-index" : kind == 0x02 ? "handles-loaded-session"
		 : "handles-saved-session");
	p = popen(cmd, "r");
	assert_non_null(p);
	if (fscanf(p, "%u", &n) != 1)
		fail_msg("%s", cmd);
	pclose(p);
	return n;
}

void test_swtpm_stop(struct test_swtpm *t)
{
	test_swtpm_kill(t);
	test_sh("rm -rf %s", t->dir);
	memset(t, 0, sizeof(*t));
}
