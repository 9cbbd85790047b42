# SPDX-License-Identifier: Apache-2.0
# Berth: one non-recursive make.  Folders decide what goes where: did/ vc/ didcomm/
# are libberth, agent/NAME/ is the process berth-NAME, registry-adapters/NAME/ one
# shared object, tests/unit/**/test_X.c one test program each.

B        ?= build
CC       ?= gcc
OPT      ?= -O2 -g
SAN      ?=
PREFIX   ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
DESTDIR  ?=
VERSION  := 0.1.0

PKGS := libsodium libsecp256k1 libcrypto tss2-esys tss2-mu tss2-tctildr tss2-rc sqlite3 libmicrohttpd zlib libcjson p11-kit-1
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))

# What this compiler has of some flags: all of them at once where it does.
takes = $(shell $(CC) -Werror $(1) -E -x c /dev/null >/dev/null 2>&1 && echo yes)
those_of = $(if $(call takes,$(1)),$(1),$(foreach f,$(1),$(if $(call takes,$(f)),$(f))))
MACHINE := $(shell $(CC) -dumpmachine)
NM ?= nm

WARN := -std=c11 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wvla -Wconversion -Wno-sign-conversion -Wformat=2 -Wundef
# Nothing unwinds through our C at run time; gdb has .debug_frame.  Nobody puts another function
# in the place of one of the library's (-Bsymbolic), so that calls within a file may be inlined.
# Some are a machine's own, shadow stacks here and signed return addresses there; and clang before
# 16 wants to hear that it may be asked for zeros.
OF_MACHINE := $(if $(filter x86_64-%,$(MACHINE)),-fcf-protection=return) $(if $(filter aarch64-%,$(MACHINE)),-mbranch-protection=standard)
ZEROS := -ftrivial-auto-var-init=zero
ZEROS += $(if $(call takes,$(ZEROS)),,-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
HARDEN := -fstack-protector-strong -fPIC -fno-strict-aliasing -ffunction-sections -fdata-sections $(ZEROS) \
	$(call those_of,-fno-semantic-interposition -fstack-clash-protection) $(OF_MACHINE) \
	$(if $(SAN),,-D_FORTIFY_SOURCE=2 -fno-asynchronous-unwind-tables)
LDHARD := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections
# Small files are made for the machine that it was measured on (docs/BENCHMARKS.md, "size"); the
# others have what their linker makes.  There nothing unwinds from a stub of the linker's, either;
# and of gcc's start files only _start has work to do: the rest are for C++, gprof, Java and
# transactional memory.
ifneq ($(filter x86_64-%,$(MACHINE)),)
LDHARD += -Wl,-z,noseparate-code,-z,pack-relative-relocs -Wl,-T,include/segments.ld
ifeq ($(SAN),)
LDHARD += -Wl,--no-eh-frame-hdr,--no-ld-generated-unwind-info,-z,nodynamic-undefined-weak
START_SO := -nostartfiles
START := -nostartfiles $(shell $(CC) -print-file-name=Scrt1.o)
endif
endif
BUILD_S := $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),1764000000)
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all -DBERTH_UNCONFINED)
LIBC := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
DEFS := $(LIBC) -DBERTH_VERSION='"$(VERSION)"' -DOPENSSL_API_COMPAT=30000 -DOPENSSL_NO_DEPRECATED
# A table begins where the ABI has it begin; gcc for x86 would have each at a cache line.
# Where size counts, it clears a struct of three words by "rep stos", which takes ten times as
# long as the two stores that it makes of it when it may not; what is large is the C library's.
TUNE := $(call those_of,-malign-data=abi -mstringop-strategy=libcall)
ALL_CFLAGS = $(WARN) $(OPT) $(HARDEN) $(TUNE) $(SANFLAGS) $(DEFS) $(CFLAGS) -I. -Iinclude $(PKG_CFLAGS) -MMD -MP
LINK = $(CC) $(SANFLAGS) -pie $(START) $(LDHARD) $(LDFLAGS) -o $@

# Only what a process links can be loaded into it: nng in netd, SQLite and
# libmicrohttpd in the core; libcrypto where there is cryptography, for it costs each
# process 400 KiB.  tpm2-tss and PKCS #11 modules are loaded when a keystore is of their
# kind (did/keystore).
L_BASE := -lsodium -lcjson -lm
L_CRYPTO := $(L_BASE) -lcrypto -lsecp256k1 -lz
L_LIB := $(L_CRYPTO) -ltss2-mu -ldl

LIB_SRC := $(wildcard did/*.c did/*/*.c vc/*.c vc/*/*.c didcomm/*.c)
IPC_SRC := $(filter-out agent/ipc/filter.c,$(wildcard agent/ipc/*.c))
FILTER_SRC := agent/ipc/filter.c	# of who has the library for it
CORE_SRC := $(wildcard agent/core/*.c agent/protocol/*.c)
PROCS := keyd netd resolverd
ADAPTERS := $(notdir $(wildcard registry-adapters/*))

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB_OBJ := $(call obj,$(LIB_SRC))
AGENT_SRC := $(wildcard agent/*/*.c)
AGENT_OBJ := $(call obj,$(filter-out %/main.c,$(AGENT_SRC)))

LIBS := $(B)/lib/libberth.a $(B)/lib/libberth.so
BINS := $(if $(wildcard agent/core/main.c),$(B)/bin/berthd) $(if $(wildcard agent/cli/main.c),$(B)/bin/berth) \
	$(foreach p,$(PROCS),$(if $(wildcard agent/$(p)/main.c),$(B)/libexec/berth-$(p)))
ADAPTER_SO := $(foreach a,$(ADAPTERS),$(if $(wildcard registry-adapters/$(a)/*.c),$(B)/lib/berth/registry/$(a).so))

.DEFAULT_GOAL := all
all: $(LIBS) $(BINS) $(ADAPTER_SO)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Where a floor waits for disks, peers and people, or for the primitives below it, size
# counts and not speed; where it does nothing else, nor do passes that buy a little speed
# with copies of code (3 % of it).  What each message asks for a hundred times is as it is
# fastest (FAST).  An OPT from the command line is for all of them.
FAST := $(addprefix did/crypto/,keccak.c hash.c p256_point.c) did/keystore/agreed.c agent/core/store_sql.c agent/core/store_memory.c
SMALL := did/base/json_build.c did/base/json_num.c vc/rdf/arena.c $(wildcard did/jose/*.c didcomm/*.c) $(filter-out $(FAST),$(wildcard did/crypto/*.c)) $(wildcard vc/jsonld/*.c vc/rdf/rdfc_like.c vc/rdf/rdf.c)
SMALLEST := $(filter-out $(FAST),$(AGENT_SRC) $(wildcard did/*.c did/keystore/*.c)) $(filter-out vc/status_cache.c vc/status_list.c,$(wildcard vc/*.c)) \
	$(addprefix did/base/,clock.c cur.c err.c log.c rand.c trusted_file.c) $(addprefix did/codec/,linked_text.c multibase.c rlp.c)
NO_COPIES := $(call those_of,-fno-tree-pre -fno-gcse -fno-code-hoisting -fno-tree-loop-im -fno-move-loop-invariants -fno-caller-saves \
	-fno-thread-jumps -fno-tree-dominator-opts -fno-tree-coalesce-vars -fno-cse-follow-jumps -fno-optimize-sibling-calls \
	-fno-tree-forwprop -fno-forward-propagate -flive-range-shrinkage)
$(call obj,$(SMALL)): OPT := $(patsubst -O2,-Oz,$(OPT))
$(call obj,$(SMALLEST)): OPT := $(patsubst -O2,-Oz $(NO_COPIES),$(OPT))
# What is made for speed begins its loops, and not each function and branch, at lines of a cache.
LOOPS_ALONE := $(call those_of,-fno-align-functions -fno-align-jumps -fno-align-labels)
$(call obj,$(filter-out $(SMALL) $(SMALLEST),$(LIB_SRC))): OPT += $(LOOPS_ALONE)

# the build's date is one object's business, so that a new commit rebuilds only that
$(B)/did/base/clock.o: ALL_CFLAGS += -DBERTH_BUILD_S=$(BUILD_S)

# the JSON-LD contexts that are linked in (vc/jsonld/contexts/README.md)
CONTEXTS := $(sort $(wildcard vc/jsonld/contexts/*.jsonld))
$(B)/vc/jsonld/contexts.gz: $(CONTEXTS)
	@mkdir -p $(@D)
	$(Q)for f in $(CONTEXTS); do cat $$f; printf '\0'; done | gzip -9n > $@
$(B)/vc/jsonld/built_in.o: $(B)/vc/jsonld/contexts.gz
$(B)/vc/jsonld/built_in.o: ALL_CFLAGS += -Wa,-I$(B)
# and what `berth --help` says
HELP := $(sort $(wildcard agent/cli/help/*.txt))
$(B)/agent/cli/help.gz: $(HELP)
	@mkdir -p $(@D)
	$(Q)for f in $(HELP); do echo; cat $$f; done | gzip -9n > $@
$(B)/agent/cli/cli_help.o: $(B)/agent/cli/help.gz
$(B)/agent/cli/cli_help.o: ALL_CFLAGS += -Wa,-I$(B)

# What several programs have of the agent is in the library, too, for them alone: `did
# resolve --config` asks the adapters as the daemon does; `vc verify --policy`.
COMMON_SRC := $(IPC_SRC) $(addprefix agent/core/,audit_chain.c metrics.c resolveclient.c resolve_lookup.c resolve_answer.c resolve_judging.c resolve_call.c resolve_config.c \
	resolve_kept.c resolve_memory.c resolve_process.c resolve_queue.c resolve_result.c judge.c config.c config_table.c config_value.c config_credentials.c \
	config_egress.c ethr_networks.c ethr_order.c ethr_publish.c ethr_sent.c)
# And what one program alone has of either is in that program: a function that is called
# from another file than its own costs 22 octets.
OF_BERTHD := did/keystore/event_log.c vc/wallet_presented.c didcomm/problem.c didcomm/routing_text.c agent/ipc/frame.c agent/ipc/netd_proto.c
OF_BERTH := did/webvh_move.c agent/core/ethr_networks.c
OF_RESOLVERD := $(addprefix agent/ipc/,curl.c http_end.c landlock_tcp.c limit.c names.c ready.c)
# Most of what they call elsewhere these call once or twice: such a call by itself is shorter
# than one of a stub of the linker's, and the stub.
NO_STUBS := $(wildcard agent/keyd/*.c agent/resolverd/*.c did/crypto/*.c) $(OF_RESOLVERD)
$(call obj,$(NO_STUBS)): ALL_CFLAGS += -fno-plt
SHARED_OBJ := $(call obj,$(filter-out $(OF_BERTHD) $(OF_BERTH) $(OF_RESOLVERD),$(LIB_SRC) $(COMMON_SRC)))
ifneq ($(filter x86_64-% aarch64-%,$(MACHINE)),)
TABLE_OBJ := $(B)/include/private_table.o
CALLS_OBJ := $(B)/include/private_calls.o
endif
$(B)/lib/libberth.a: $(LIB_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
# nodelete: it leaves a destructor with each thread that has verified
$(B)/lib/libberth.so: $(SHARED_OBJ) $(TABLE_OBJ) $(B)/libberth.map
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANFLAGS) -shared $(START_SO) -Wl,-soname,libberth.so.0 -Wl,-z,nodelete -Wl,-Bsymbolic -Wl,--version-script=$(B)/libberth.map \
		$(LDHARD) -o $@ $(filter %.o,$^) $(L_LIB)
	$(Q)ln -sf libberth.so $@.0
# Its own programs use more of it than the headers promise: functions alone, and by their place
# in a table (include/private_calls.c), or by their names where a machine has no such calls.  The
# table's name says what is in it, so that a program and a library with two such tables do not
# start together.
OBJ_BERTHD := $(call obj,$(filter-out $(COMMON_SRC),$(CORE_SRC)) $(FILTER_SRC) $(OF_BERTHD))
OBJ_BERTH := $(call obj,$(wildcard agent/cli/*.c) $(OF_BERTH))
OBJ_KEYD := $(call obj,$(wildcard agent/keyd/*.c) $(FILTER_SRC))
OBJ_RESOLVERD := $(call obj,$(wildcard agent/resolverd/*.c) $(FILTER_SRC) $(OF_RESOLVERD))
PROG_OBJ := $(sort $(OBJ_BERTHD) $(OBJ_BERTH) $(OBJ_KEYD) $(OBJ_RESOLVERD))
$(B)/libberth_private.h: include/libberth.map $(PROG_OBJ) $(SHARED_OBJ)
	@mkdir -p $(@D)
	$(Q)$(NM) --defined-only -g $(SHARED_OBJ) | sed -n 's/.* T //p' | LC_ALL=C sort -u > $@.has
	$(Q)$(NM) -u $(PROG_OBJ) | sed -n 's/.* U //p' | LC_ALL=C sort -u | LC_ALL=C comm -12 - $@.has | \
		grep -vxF "$$(sed -n 's/^\t\t\(berth_.*\);/\1/p' $<)" > $@.names
	$(Q){ echo "#define BERTH_PRIVATE berth_private_$$(sha256sum < $@.names | cut -c1-16)"; \
		awk 'BEGIN { printf "#define BERTH_PRIVATE_EACH(X)" } { printf " \\\n\tX(%s, %d)", $$1, NR - 1 } END { print "" }' $@.names; } > $@
$(TABLE_OBJ) $(CALLS_OBJ): $(B)/libberth_private.h
$(TABLE_OBJ) $(CALLS_OBJ): ALL_CFLAGS += -I$(B)
$(B)/libberth.map: include/libberth.map $(B)/libberth_private.h
	$(Q){ cat $<; echo 'BERTH_PRIVATE_$(VERSION) { global:'; $(if $(TABLE_OBJ),sed -n 's/.*BERTH_PRIVATE \(.*\)/\1;/p' $(B)/libberth_private.h,\
		sed 's/$$/;/' $(B)/libberth_private.h.names); echo '};'; } > $@
$(B)/lib/libagent.a: $(AGENT_OBJ)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# What is shared is there once, on the disk and in memory; what is to be small stands alone.
SHARED = -L$(B)/lib -lberth -Wl,--enable-new-dtags -Wl,-rpath,$(1)
$(B)/bin/berthd: $(OBJ_BERTHD) $(CALLS_OBJ) $(B)/lib/libberth.so
	@mkdir -p $(@D)
	$(Q)$(LINK) $(filter %.o,$^) $(call SHARED,'$$ORIGIN/../lib') -lsqlite3 -lmicrohttpd -lseccomp
$(B)/bin/berth: $(OBJ_BERTH) $(CALLS_OBJ) $(B)/lib/libberth.so
	@mkdir -p $(@D)
	$(Q)$(LINK) $(filter %.o,$^) $(call SHARED,'$$ORIGIN/../lib') -lqrencode -lz
$(B)/libexec/berth-keyd: $(OBJ_KEYD) $(CALLS_OBJ) $(B)/lib/libberth.so
	@mkdir -p $(@D)
	$(Q)$(LINK) $(filter %.o,$^) $(call SHARED,'$$ORIGIN/../lib:$$ORIGIN/../../lib') -lseccomp
$(B)/libexec/berth-netd: $(call obj,$(wildcard agent/netd/*.c) $(IPC_SRC) $(FILTER_SRC)) $(B)/lib/libberth.a
	@mkdir -p $(@D)
	$(Q)$(LINK) $^ $(L_BASE) -lnng -lseccomp
$(B)/libexec/berth-resolverd: $(OBJ_RESOLVERD) $(CALLS_OBJ) $(B)/lib/libberth.so
	@mkdir -p $(@D)
	$(Q)$(LINK) $(filter %.o,$^) $(call SHARED,'$$ORIGIN/../lib:$$ORIGIN/../../lib') -lseccomp

# Adapters see the installed headers and nothing else.
ADAPTER_PKGS_ethr := libsecp256k1
define adapter_rule
$(B)/lib/berth/registry/$(1).so: $$(wildcard registry-adapters/$(1)/*.[ch]) include/berth/registry.h
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(WARN) $$(patsubst -O2,-Oz $(NO_COPIES),$$(OPT)) $$(HARDEN) $$(TUNE) $$(SANFLAGS) -fno-plt $(LIBC) -fvisibility=hidden -Iinclude \
		-shared $(START_SO) $$(LDHARD) -o $$@ $$(filter %.c,$$^) $$(shell pkg-config --libs libcjson $(ADAPTER_PKGS_$(1)))
endef
$(foreach a,$(ADAPTERS),$(eval $(call adapter_rule,$(a))))

include tests/rules.mk

Q := $(if $(V),,@)
# What a package would hold.  A configuration that is there already is left alone.
D := $(DESTDIR)$(PREFIX)
install: all
	install -d $(D)/bin $(D)/libexec/berth $(D)/lib/berth/registry $(D)/lib/systemd/system $(D)/lib/sysusers.d \
		$(D)/lib/pkgconfig $(D)/include/berth $(D)/share/doc/berth/examples $(D)/share/man/man1 $(D)/share/man/man3 \
		$(D)/share/man/man5 $(D)/share/man/man8 \
		$(DESTDIR)$(SYSCONFDIR)/berth
	install -m 755 $(B)/bin/berth $(B)/bin/berthd $(D)/bin
	install -m 755 $(PROCS:%=$(B)/libexec/berth-%) $(D)/libexec/berth
	install -m 644 $(ADAPTER_SO) $(D)/lib/berth/registry
	install -m 644 $(B)/lib/libberth.a $(D)/lib
	install -m 644 $(B)/lib/libberth.so $(D)/lib/libberth.so.0
	ln -sf libberth.so.0 $(D)/lib/libberth.so
	install -m 644 include/berth/*.h $(D)/include/berth
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' include/berth.pc.in > $(D)/lib/pkgconfig/berth.pc
	chmod 644 $(D)/lib/pkgconfig/berth.pc
	install -m 644 examples/*.c $(D)/share/doc/berth/examples
	install -d $(D)/share/doc/berth/examples/registry-adapter
	install -m 644 examples/registry-adapter/* $(D)/share/doc/berth/examples/registry-adapter
	install -m 644 docs/man/*.1 $(D)/share/man/man1
	install -m 644 docs/man/*.3 $(D)/share/man/man3
	install -m 644 docs/man/*.5 $(D)/share/man/man5
	install -m 644 docs/man/*.8 $(D)/share/man/man8
	install -m 644 README.md docs/*.md docs/berth.conf.example docs/openapi.yaml $(D)/share/doc/berth
	sed -e 's|@BINDIR@|$(PREFIX)/bin|g; s|@SYSCONFDIR@|$(SYSCONFDIR)|g' docs/berthd.service > $(D)/lib/systemd/system/berthd.service
	chmod 644 $(D)/lib/systemd/system/berthd.service
	install -m 644 docs/berth.sysusers $(D)/lib/sysusers.d/berth.conf
	test -e $(DESTDIR)$(SYSCONFDIR)/berth/berth.conf || \
		install -m 644 docs/berth.conf.example $(DESTDIR)$(SYSCONFDIR)/berth/berth.conf

clean:
	rm -rf build build-*
.PHONY: all install clean
.PRECIOUS: $(B)/%.o
-include $(shell find $(B) -name '*.d' 2>/dev/null)
