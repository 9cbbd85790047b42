/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/token.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define SO_PIN "56785678"

static void begin(struct test_token *t)
{
	memset(t, 0, sizeof(*t));
	snprintf(t->dir, sizeof(t->dir), "/tmp/berth-token.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->pin_file, sizeof(t->pin_file), "%s/pin", t->dir);
	snprintf(t->store_dir, sizeof(t->store_dir), "%s/store", t->dir);
	test_write_file(t->pin_file, TEST_TOKEN_PIN "\n", strlen(TEST_TOKEN_PIN) + 1, 0600);
}

void test_token_softhsm(struct test_token *t)
{
	char conf[96];

	begin(t);
	snprintf(t->module, sizeof(t->module), "%s", SOFTHSM);
	snprintf(conf, sizeof(conf), "%s/softhsm2.conf", t->dir);
	test_sh("mkdir %s/tokens && printf 'directories.tokendir = %%s\\nobjectstore.backend = file\\nlog.level = ERROR\\n' "
		"%s/tokens >%s", t->dir, t->dir, conf);
	assert_int_equal(setenv("SOFTHSM2_CONF", conf, 1), 0);
	test_sh("softhsm2-util --init-token --free --label " TEST_TOKEN_LABEL " --pin " TEST_TOKEN_PIN " --so-pin " SO_PIN
		" >%s/log", t->dir);
}

/* The module keeps more objects loaded than a TPM has room for: it wants a resource
 * manager, on a bus of its own. */
static void start_manager(struct test_token *t)
{
	char bus[96];

	snprintf(bus, sizeof(bus), "unix:path=%s/bus", t->dir);
	setenv("DBUS_SESSION_BUS_ADDRESS", bus, 1);
	test_sh("cd %s && dbus-daemon --session --nopidfile --fork --address=%s --print-pid=1 >bus.pid && "
		"{ tpm2-abrmd --session --allow-root --tcti=%s >manager.log 2>&1 & echo $! >manager.pid; } && "
		"for i in $(seq 200); do tpm2_getrandom -T tabrmd:bus_type=session 4 >/dev/null 2>&1 && exit 0; "
		"sleep 0.02; done; exit 1", t->dir, bus, t->tpm.tcti);
}

/* Made by the module's own C_InitToken. */
void test_token_tpm2(struct test_token *t)
{
	FILE *f = popen("ls /usr/lib/*/libtpm2_pkcs11.so.1", "r");

	begin(t);
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%95s", t->module), 1);
	pclose(f);
	t->is_tpm = true;
	test_swtpm_start(&t->tpm, false);
	start_manager(t);
	test_sh("mkdir %s/db", t->dir);
	setenv("TPM2_PKCS11_STORE", test_path(t->dir, "db"), 1);
	setenv("TPM2_PKCS11_TCTI", "tabrmd:bus_type=session", 1);
	setenv("TSS2_LOG", "all+NONE", 1);
	test_sh("{ pkcs11-tool --module %s --slot 1 --init-token --label " TEST_TOKEN_LABEL " --so-pin " SO_PIN " && "
		"pkcs11-tool --module %s --token-label " TEST_TOKEN_LABEL " --init-pin --so-pin " SO_PIN " --pin "
		TEST_TOKEN_PIN "; } >%s/log 2>&1", t->module, t->module, t->dir);
}

void test_token_end(struct test_token *t)
{
	if (t->is_tpm) {
		test_sh("kill $(cat %s/manager.pid) $(cat %s/bus.pid)", t->dir, t->dir);
		test_swtpm_stop(&t->tpm);
	}
	test_sh("rm -rf %s", t->dir);
	memset(t, 0, sizeof(*t));
}

const char *test_token_uri(const struct test_token *t, const char *object)
{
	static char uri[512];

	snprintf(uri, sizeof(uri), "pkcs11:token=" TEST_TOKEN_LABEL "%s%s?module-path=%s&pin-source=file:%s&x-dir=%s",
		 object ? ";object=" : "", object ? object : "", t->module, t->pin_file, t->store_dir);
	return uri;
}

char *test_token_tool(const struct test_token *t, const char *options)
{
	char cmd[512], *out = calloc(1, 1 << 16);
	FILE *f;

	assert_non_null(out);
	snprintf(cmd, sizeof(cmd), "pkcs11-tool --module %s --token-label " TEST_TOKEN_LABEL " --login --pin " TEST_TOKEN_PIN
		 " %s 2>&1", t->module, options);
	assert_non_null(f = popen(cmd, "r"));
	(void)!fread(out, 1, (1 << 16) - 1, f);
	if (pclose(f) != 0)
		fail_msg("%s: %s", cmd, out);
	return out;
}
