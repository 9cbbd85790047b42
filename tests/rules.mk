# SPDX-License-Identifier: Apache-2.0
# Tests and tools.  `check` needs everything that DEBS names; nothing is skipped quietly.

DEBS := build-essential pkg-config git jq libsodium-dev libsecp256k1-dev libcjson-dev libcurl4-openssl-dev \
	libnng-dev libssl-dev libtss2-dev libp11-kit-dev libsqlite3-dev sqlite3 libmicrohttpd-dev \
	zlib1g-dev libqrencode-dev libcmocka-dev libseccomp-dev python3 python3-pytest python3-yaml swtpm \
	swtpm-tools tpm2-tools tpm2-abrmd libtss2-tcti-tabrmd0 dbus dbus-daemon softhsm2 opensc libtpm2-pkcs11-1 \
	xxd curl openssl python3-websockets ca-certificates procps systemd faketime locales dnsmasq-base zbar-tools librsvg2-bin
DEBS_INTEROP := nodejs npm	# only where node or npm is missing: not everybody's come from Debian
DEBS_COVERAGE := gcovr
DEBS_FUZZ := clang libclang-rt-14-dev
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# tests/fakes/alloc.c makes these fail; tests/fakes/tap.c listens to what is packed
WRAP := $(foreach f,malloc calloc realloc strdup strndup free berth_json_home_take berth_pack,-Wl,--wrap=$(f))
FAKES_OBJ := $(call obj,$(wildcard tests/fakes/*.c))
UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(shell find tests/unit tests/flow -name 'test_*.c' 2>/dev/null))
HELPERS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/system/*.c))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
L_ALL := $(L_LIB) -ltss2-esys -ltss2-tctildr -ltss2-rc -lseccomp -lsqlite3 -lmicrohttpd -lnng -lqrencode -lz -ldl -lcmocka

$(UNIT) $(HELPERS): %: %.o $(FAKES_OBJ) $(B)/lib/libagent.a $(B)/lib/libberth.a
	$(Q)$(LINK) $(WRAP) $(filter %.o,$^) $(B)/lib/libagent.a $(B)/lib/libberth.a $(L_ALL)

# Programs of ours that are not shipped begin as any other does, with all of gcc's start files.
$(B)/tests/% $(B)/examples/%: private START :=

# What other people's programs talk to: libberth and nothing that a test would replace.
PEERS := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/interop/*.c))
$(PEERS): %: %.o $(B)/lib/libberth.a
	$(Q)$(LINK) $^ $(L_ALL)

# Fuzz targets are replayed over their corpora here, and explored by `make fuzz`.
$(FUZZ:%=$(B)/tests/fuzz/%): %: %.o $(B)/tests/fuzz/replay.o $(B)/tests/fakes/nquads.o $(B)/lib/libagent.a $(B)/lib/libberth.a
	$(Q)$(LINK) $(filter %.o,$^) $(B)/lib/libagent.a $(B)/lib/libberth.a $(L_ALL)

# Devices that lie, for the demo and its test, and one that has been taken over:
# berth-keyd with one function replaced.
ROGUE_WRAP = berth_keystore_certify
$(B)/tests/rogue/forbidden/berth-keyd: ROGUE_WRAP = berth_keystore_counter_read
ROGUES := $(patsubst tests/rogue/%.c,$(B)/tests/rogue/%/berth-keyd,$(wildcard tests/rogue/*.c))
$(ROGUES): $(B)/tests/rogue/%/berth-keyd: $(B)/tests/rogue/%.o $(call obj,$(wildcard agent/keyd/*.c) $(IPC_SRC) $(FILTER_SRC)) $(B)/lib/libberth.a
	@mkdir -p $(@D)
	$(Q)$(LINK) -Wl,--wrap=$(ROGUE_WRAP) $^ $(L_LIB) -ltss2-esys -lseccomp

# berthd with a protocol of notes, for delivery between real daemons.
COURIERD := $(B)/tests/courier/berthd
NOTE_WRAP := $(foreach f,berth_agent_new berth_backend_init berth_net_send_encode,-Wl,--wrap=$(f))
$(COURIERD): $(B)/tests/courier/berthd.o $(B)/tests/fakes/note.o $(call obj,$(CORE_SRC) $(IPC_SRC) $(FILTER_SRC)) $(B)/lib/libberth.a
	$(Q)$(LINK) $(NOTE_WRAP) $^ $(L_CRYPTO) -ltss2-mu -lsqlite3 -lmicrohttpd -lseccomp
$(B)/tests/courier/floor: $(B)/tests/courier/floor.o
	$(Q)$(LINK) $^ -lnng -lsqlite3
$(B)/tests/courier/crowd: $(B)/tests/courier/crowd.o $(FAKES_OBJ) $(B)/lib/libagent.a $(B)/lib/libberth.a
	$(Q)$(LINK) $(WRAP) $(filter %.o,$^) $(B)/lib/libagent.a $(B)/lib/libberth.a $(L_ALL)

# A fleet of gateways in one process (examples/fleet), and a disk that is slow.
FLEET := $(addprefix $(B)/examples/fleet/,gateways count price slow_disk.so)
$(B)/examples/fleet/gateways: $(call obj,$(addprefix examples/fleet/,gateways.c gateway.c wire.c)) $(B)/tests/fakes/keys_local.o $(B)/lib/libagent.a $(B)/lib/libberth.a
	$(Q)$(LINK) -Wl,--wrap=store_memory_begin -Wl,--wrap=berth_effects_send $(filter %.o,$^) $(B)/lib/libagent.a $(B)/lib/libberth.a $(L_ALL)
COUNT_WRAP := berth_sign berth_signer_sign berth_verify berth_ecdh berth_keypair_generate berth_aead_seal berth_aead_open \
	berth_keywrap berth_keyunwrap berth_unpack berth_store_commit berth_store_commit_loose berth_store_commit_later berth_agent_ahead berth_agent_ahead_reply berth_agent_on_request \
	berth_agent_on_result berth_agent_tick berth_frame_ack berth_transcript_add berth_peer4_tree berth_peer4_create \
	berth_store_outbox_put berth_store_put berth_frame_request_encode berth_frame_reply_encode berth_agent_new berth_doc_recall \
	berth_concat_kdf berth_pubkey_import
$(B)/examples/fleet/count: $(call obj,$(addprefix examples/fleet/,count.c count_list.c count_tally.c)) $(FAKES_OBJ) $(B)/lib/libagent.a $(B)/lib/libberth.a
	$(Q)$(LINK) $(WRAP) $(foreach f,$(COUNT_WRAP),-Wl,--wrap=$(f)) $(filter %.o,$^) $(B)/lib/libagent.a $(B)/lib/libberth.a $(L_ALL)
# its links are dialled as berth-netd dials them, for half of what nng takes by itself
$(B)/examples/fleet/price: $(call obj,$(addprefix examples/fleet/,price.c price_store.c price_links.c price_nng.c price_tcp.c) agent/netd/nng_start.c)
	$(Q)$(LINK) $^ -lcjson -lsqlite3 -lnng
$(B)/examples/fleet/slow_disk.so: examples/fleet/slow_disk.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -fPIC -D_GNU_SOURCE -shared -o $@ $<

# A PKCS #11 module that hangs, dies and lies.
MODULES := $(patsubst %.c,$(B)/%.so,$(wildcard tests/fakes/modules/*.c))
$(MODULES): $(B)/%.so: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(WARN) -fPIC -D_GNU_SOURCE $(PKG_CFLAGS) -shared -o $@ $<
$(patsubst %.c,$(B)/%,$(wildcard tests/unit/did/keystore/test_pkcs11*.c)): | $(MODULES)

tests: $(COURIERD) $(FLEET) $(ROGUES) $(MODULES) $(UNIT) $(HELPERS) $(PEERS) $(FUZZ:%=$(B)/tests/fuzz/%)

check-unit: all tests
	@tests/tools/check.py --build $(B) unit flow fuzz
check: have-deps all tests
	@tests/tools/check.py --build $(B) source unit flow fuzz system
check-san: have-deps
	@$(MAKE) --no-print-directory B=build-san OPT='-O1 -g' SAN=address,undefined all tests
	@tests/tools/check.py --build build-san unit flow fuzz
check-interop: have-deps have-node all $(PEERS)
	@tests/tools/check.py --build $(B) interop
check-soak: have-deps have-node all tests
	@tests/tools/check.py --build $(B) soak

# Built for another machine, and libberth tested there: make check-cross ARCH=armhf
check-cross:
	@tests/tools/cross.sh "$(ARCH)" $(filter %-dev,$(DEBS))

# And its agents under that machine's kernel.
check-boot: check-cross
	@tests/tools/boot.sh "$(ARCH)"

# The whole story on one machine: see examples/demo.sh.
demo: have-deps all $(ROGUES)
	@BERTH_BUILD=$(B) examples/demo.sh

# One gateway from its birth to its end: see examples/lifecycle.sh.
lifecycle: have-deps all
	@BERTH_BUILD=$(B) examples/lifecycle.sh

# A fleet of simulated gateways against one owner: FLEET_ARGS='--gateways 1000 --at-once 300'.
FLEET_ARGS ?= --gateways 100
fleet: have-deps all $(FLEET) $(B)/tests/bench/bench $(B)/tests/courier/floor
	@BERTH_BUILD=$(abspath $(B)) /usr/bin/python3 examples/fleet/fleet.py $(FLEET_ARGS)

have-deps:
	@dpkg-query -W -f='$${db:Status-Status}\n' $(DEBS) 2>&1 | grep -qv '^installed$$' && $(MAKE) --no-print-directory deps || true
have-node:
	@command -v node >/dev/null && command -v npm >/dev/null || { $(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBS_INTEROP); }
deps:
	$(SUDO) apt-get update -qq
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBS)

# Ours against the same work composed of bare library calls (docs/BENCHMARKS.md).
$(B)/tests/bench/bench: $(call obj,$(wildcard tests/bench/*.c)) $(B)/lib/libagent.a $(B)/lib/libberth.a
	$(Q)$(LINK) $(filter %.o,$^) $(B)/lib/libagent.a $(B)/lib/libberth.a $(L_ALL)
bench: all $(B)/tests/bench/bench $(COURIERD) $(addprefix $(B)/tests/courier/,crowd floor)
	@$(B)/tests/bench/bench
	@BERTH_BUILD=$(abspath $(B)) /usr/bin/python3 tests/bench/agent.py
	@BERTH_BUILD=$(abspath $(B)) /usr/bin/python3 tests/bench/messages.py
	@if command -v node >/dev/null && command -v npm >/dev/null; then $(MAKE) --no-print-directory bench-peers; fi

# Ours beside what npm has, in turns; `make bench` includes it where there is a node.
$(B)/tests/bench/side/ours: $(call obj,tests/bench/side/ours.c) $(B)/lib/libberth.a
	$(Q)$(LINK) $(filter %.o,$^) $(B)/lib/libberth.a $(L_ALL)
bench-peers: have-node all $(B)/tests/bench/side/ours $(B)/tests/system/registry_many
	@BERTH_BUILD=$(abspath $(B)) /usr/bin/python3 tests/bench/side.py
	@BERTH_BUILD=$(abspath $(B)) /usr/bin/python3 tests/bench/registries.py

# Lines and branches that the tests reach, a folder a row.  Some system tests cannot
# pass here: they link libberth as a user would, without gcov, or run it as another user.
coverage: have-deps
	@command -v gcovr >/dev/null || { $(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBS_COVERAGE); }
	@$(MAKE) --no-print-directory B=build-cov OPT='-O1 -g --coverage -DBERTH_UNCONFINED -DBERTH_COVERAGE' LDFLAGS=--coverage all tests
	@find build-cov -name '*.gcda' -delete
	@tests/tools/check.py --build build-cov unit flow >build-cov/check.log || { tail -40 build-cov/check.log; exit 1; }
	@tests/tools/check.py --build build-cov system >build-cov/system.log || true
	@gcovr -r . --object-directory build-cov $(foreach d,did vc didcomm agent,-f $(d)/) -s --csv build-cov/coverage.csv
	@tests/tools/coverage.py build-cov/coverage.csv

# make fuzz [FUZZ_SECONDS=30] [RUNS=10000000] [FUZZ='fuzz_jwk fuzz_jws']: so long, or so
# many executions, of each target; with both whatever comes first.
RUNS ?=
FUZZ_SECONDS ?= $(if $(RUNS),,30)
FUZZ_LINK := clang -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_LIBS := build-fuzz/tests/fakes/nquads.o build-fuzz/lib/libagent.a build-fuzz/lib/libberth.a
fuzz: have-fuzz
	@$(MAKE) --no-print-directory B=build-fuzz CC=clang WARN='-std=c11 -w' HARDEN= OPT='-O1 -g -DBERTH_UNCONFINED' \
		SAN=fuzzer-no-link,address,undefined $(FUZZ_LIBS) $(FUZZ:%=build-fuzz/tests/fuzz/%.o)
	@set -e; for t in $(FUZZ); do \
		$(FUZZ_LINK) -o build-fuzz/$$t build-fuzz/tests/fuzz/$$t.o $(FUZZ_LIBS) $(filter-out -lcmocka,$(L_ALL)); \
		mkdir -p build-fuzz/corpus/$$t; \
		build-fuzz/$$t $(if $(RUNS),-runs=$(RUNS)) $(if $(FUZZ_SECONDS),-max_total_time=$(FUZZ_SECONDS)) \
			-rss_limit_mb=512 -timeout=5 \
			build-fuzz/corpus/$$t tests/fuzz/corpus/$$t; \
	done
have-fuzz:
	@command -v clang >/dev/null && ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-* >/dev/null 2>&1 || \
		{ $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $(DEBS_FUZZ); }

.PHONY: tests demo lifecycle fleet bench bench-peers check check-unit check-san check-interop check-soak check-cross check-boot have-deps have-node have-fuzz deps fuzz
