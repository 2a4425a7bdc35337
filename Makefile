# SPDX-License-Identifier: GPL-2.0-or-later
#
# netd, vmm and usernet. Out of tree, in build/:
#   build/            the programs, -O2
#   build/san/        the same objects under ASan+UBSan, for unit tests
#   build/fuzz/       the same under libFuzzer (clang), for tests/fuzz
# A new .c file needs no line here: what it belongs to is its folder.
# Which Debian package each tool and library comes from: scripts/deps.sh.

PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build
VERSION := 0.1.0
CC ?= gcc
CLANG ?= clang-14
CLANG_FORMAT ?= clang-format-14
V ?= 0
ifeq ($(V),0)
Q := @
endif

LIBS := libnl-3.0 libnl-route-3.0 libmnl libnftnl libconfuse jansson libseccomp libcap-ng liburing
ifeq ($(filter clean install-deps,$(MAKECMDGOALS)),)
ifneq ($(shell pkg-config --exists $(LIBS) cunit && echo yes),yes)
# `make demo` and `make check` install what is missing and start make again.
NEED_DEPS := yes
endif
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
# snprintf() into a fixed buffer cuts on purpose wherever its result is not looked at.
WARNINGS += -Wno-format-truncation
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DPREFIX='"$(PREFIX)"' \
	-Ilib -Inetd -Ivmm -Ivmm/usernet -I$(BUILD)/gen $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
BASE_CFLAGS := -std=gnu17 -g $(WARNINGS) -fno-strict-aliasing
CFLAGS ?= -O2
HARDEN := -fstack-protector-strong -fPIE
LDLIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lpthread
SAN_FLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_FLAGS := -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -DFUZZING

# ---- what is where --------------------------------------------------------
LIB_SRC := $(wildcard lib/*.c)
NETCTL_SRC := $(wildcard netd/netctl*.c)
HELPER_SRC := $(wildcard netd/bridge_helper*.c)
NETD_SRC := $(filter-out netd/main.c $(NETCTL_SRC) $(HELPER_SRC),$(wildcard netd/*.c))
VMM_SRC := $(filter-out vmm/main.c,$(wildcard vmm/*.c))
USERNET_SRC := $(filter-out vmm/usernet/main.c,$(wildcard vmm/usernet/*.c))
MODULE_SRC := $(LIB_SRC) $(NETD_SRC) $(VMM_SRC) $(USERNET_SRC)

PROGRAMS := $(if $(wildcard netd/main.c),netd) $(if $(NETCTL_SRC),netctl) \
	$(if $(HELPER_SRC),netd-bridge-helper) $(if $(wildcard vmm/main.c),vmm) \
	$(if $(wildcard vmm/usernet/main.c),usernet)
PROGRAM_PATHS := $(addprefix $(BUILD)/,$(PROGRAMS))

UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
# Helper programs of tests and benchmarks: one .c, one program.
TOOL_SRC := $(wildcard tests/netns/*.c tests/bench/*.c tests/e2e/*.c)

UNIT := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/unit/%)
UNIT_SAN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/san/tests/unit/%)
FUZZ := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/tests/fuzz/%)
TOOLS := $(TOOL_SRC:%.c=$(BUILD)/%)

.PHONY: all check soak bench demo lint fuzz install uninstall clean tests format install-deps guest-tests

all: $(PROGRAM_PATHS) $(BUILD)/slirp4netns

# usernet under the name whose command line it speaks then
$(BUILD)/slirp4netns: $(if $(wildcard vmm/usernet/main.c),$(BUILD)/usernet)
	$(Q)mkdir -p $(@D) && ln -sf usernet $@

# ---- varlink interfaces, as C strings: docs/io.netd.varlink is io_netd_varlink[] ----
VARLINK := $(patsubst docs/%.varlink,$(BUILD)/gen/%.varlink.h,$(wildcard docs/*.varlink))
$(BUILD)/gen/%.varlink.h: docs/%.varlink
	$(Q)mkdir -p $(@D)
	$(Q){ echo '/* made of $< */'; echo 'static const char $(subst .,_,$*)_varlink[] ='; \
		sed -e 's/["\\]/\\&/g' -e 's/.*/\t"&\\n"/' $<; echo ';'; } > $@

# ---- objects, three ways ---------------------------------------------------
obj = $(patsubst %.c,$(1)/%.o,$(2))

$(BUILD)/obj/%.o: %.c | $(VARLINK)
	$(Q)mkdir -p $(@D)
	@[ $(V) = 0 ] && echo "  CC      $<" || true
	$(Q)$(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) $(HARDEN) -MMD -MP -c $< -o $@

$(BUILD)/san/obj/%.o: %.c | $(VARLINK)
	$(Q)mkdir -p $(@D)
	@[ $(V) = 0 ] && echo "  CC san  $<" || true
	$(Q)$(CC) $(CPPFLAGS) $(BASE_CFLAGS) $(SAN_FLAGS) -MMD -MP -c $< -o $@

$(BUILD)/fuzz/obj/%.o: %.c | $(VARLINK)
	$(Q)mkdir -p $(@D)
	@[ $(V) = 0 ] && echo "  CC fuzz $<" || true
	$(Q)$(CLANG) $(CPPFLAGS) $(BASE_CFLAGS) $(FUZZ_FLAGS) -Wno-unknown-warning-option -Wno-missing-field-initializers -MMD -MP -c $< -o $@

# One archive a part and variant; the linker takes what a program needs.
define archives
$(1)/lib.a: $$(call obj,$(1)/obj,$(LIB_SRC))
$(1)/netd.a: $$(call obj,$(1)/obj,$(NETD_SRC))
$(1)/vmm.a: $$(call obj,$(1)/obj,$(VMM_SRC))
$(1)/usernet.a: $$(call obj,$(1)/obj,$(USERNET_SRC))
$(1)/lib.a $(1)/netd.a $(1)/vmm.a $(1)/usernet.a:
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && ar rcs $$@ $$^
endef
$(eval $(call archives,$(BUILD)))
$(eval $(call archives,$(BUILD)/san))
$(eval $(call archives,$(BUILD)/fuzz))

LINK = $(Q)mkdir -p $(@D) && $(CC) $(BASE_CFLAGS) $(CFLAGS) -pie -Wl,-z,relro,-z,now $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS)

$(BUILD)/netd: $(BUILD)/obj/netd/main.o $(BUILD)/netd.a $(BUILD)/lib.a
	$(LINK)
$(BUILD)/netctl: $(call obj,$(BUILD)/obj,$(NETCTL_SRC)) $(BUILD)/netd.a $(BUILD)/lib.a
	$(LINK)
$(BUILD)/netd-bridge-helper: $(call obj,$(BUILD)/obj,$(HELPER_SRC)) $(BUILD)/netd.a $(BUILD)/lib.a
	$(LINK)
$(BUILD)/vmm: $(BUILD)/obj/vmm/main.o $(BUILD)/vmm.a $(BUILD)/lib.a
	$(LINK)
$(BUILD)/usernet: $(BUILD)/obj/vmm/usernet/main.o $(BUILD)/usernet.a $(BUILD)/lib.a
	$(LINK)

# ---- tests -----------------------------------------------------------------
PARTS := usernet.a vmm.a netd.a lib.a
.SECONDARY:

$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(addprefix $(BUILD)/,$(PARTS))
	$(LINK) -lcunit
$(BUILD)/san/tests/unit/%: $(BUILD)/san/obj/tests/unit/%.o $(addprefix $(BUILD)/san/,$(PARTS))
	$(Q)mkdir -p $(@D) && $(CC) $(BASE_CFLAGS) $(SAN_FLAGS) -o $@ $(filter %.o %.a,$^) $(LDLIBS) -lcunit
$(BUILD)/fuzz/tests/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(addprefix $(BUILD)/fuzz/,$(PARTS))
	$(Q)mkdir -p $(@D) && $(CLANG) $(BASE_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) $(LDLIBS)
$(TOOLS): $(BUILD)/%: $(BUILD)/obj/%.o $(addprefix $(BUILD)/,$(PARTS))
	$(LINK)

# Multiboot kernels for vmm's tests: tests/guest/NAME.S or .c, one a kernel.
GUEST_SRC := $(wildcard tests/guest/*.S)
GUESTS := $(GUEST_SRC:tests/guest/%.S=$(BUILD)/tests/guest/%.elf)
$(BUILD)/tests/guest/%.elf: tests/guest/%.S $(wildcard tests/guest/*.ld tests/guest/*.inc)
	$(Q)mkdir -p $(@D) && $(CC) -m32 -ffreestanding -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-T,tests/guest/guest.ld -Itests/guest -o $@ $<

guest-tests: $(GUESTS)
tests: all $(UNIT) $(UNIT_SAN) $(TOOLS) $(GUESTS)
fuzz: $(FUZZ)

ifdef NEED_DEPS
check demo bench soak:
	scripts/deps.sh install $@
	$(MAKE) $@
else
# JOBS of make itself: tests run by tests/run, two at a time.
check:
	scripts/deps.sh install check
	$(MAKE) --no-print-directory -j$$(nproc) WERROR=1 tests fuzz
	$(MAKE) --no-print-directory lint
	tests/run $(CHECK_ARGS)
soak:
	scripts/deps.sh install check
	$(MAKE) --no-print-directory -j$$(nproc) tests fuzz
	SOAK=1 tests/run $(CHECK_ARGS)
bench:
	scripts/deps.sh install bench
	$(MAKE) --no-print-directory -j$$(nproc) tests
	scripts/bench $(BENCH_ARGS)
demo:
	scripts/deps.sh install demo
	$(MAKE) --no-print-directory -j$$(nproc) all
	scripts/demo
endif

C_FILES := $(wildcard lib/*.[ch] netd/*.[ch] vmm/*.[ch] vmm/usernet/*.[ch] tests/*/*.[ch])
lint:
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(C_FILES)
	$(Q)tests/lint
format:
	$(CLANG_FORMAT) -i $(C_FILES)

include scripts/install.mk

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
