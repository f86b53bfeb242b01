# SPDX-License-Identifier: MIT
# One non-recursive Makefile. Every part adds its own rules by a build.mk; everything made is in build/.

.DEFAULT_GOAL := all

PREFIX     ?= /usr/local
DESTDIR    ?=
# With DEBUG=1 all is made a second time, in a folder of its own.
BUILD      := build$(if $(DEBUG),/debug)

CC         ?= gcc
OPTIMISE   ?= -O2 -g
WARNINGS   := -Wall -Wextra -Werror
BASE_FLAGS := $(OPTIMISE) -std=gnu11 $(WARNINGS) -I. -MMD -MP

bindir      := $(PREFIX)/bin
libexecdir  := $(PREFIX)/libexec/mezzo
mandir      := $(PREFIX)/share/man
completions := $(PREFIX)/share/bash-completion/completions

# What comes over the network is fetched once, for all kinds of build (tools/fetch-source).
SOURCES    := build/sources

# Begins every command that makes a file: one short line is printed for it, or with V=1 the whole command.
say = $(if $(filter 1,$(V)),,@printf '%-7s %s\n' $(1) $@ &&)

# What a plain `make` builds; each build.mk adds to it.
ALL :=

# ---- host side ----

# Static, and with musl where it is installed: the start-up code of a static glibc program asks the
# processor 25 questions (cpuid) that a virtual machine answers in 20 us each, which is more time than all
# the rest of a domain's start.
HOST_CC      ?= $(if $(shell command -v musl-gcc),musl-gcc,$(CC))
HOST_FLAGS   := $(BASE_FLAGS) -D_GNU_SOURCE -pthread -isystem $(SOURCES)/lmdb/libraries/liblmdb
# What hashes needs libcrypto, which musl has not: for mezzo-image and tests only (host/store/hash.h).
HASH_SOURCES := $(wildcard $(addprefix host/store/,hash.c seal.c dedup.c check*.c)) \
	$(addprefix host/change/,commit.c copy_host.c copy_out.c copy_tar.c dedup.c host_sink.c \
	stream_sink.c tar_sink.c)
# Of host/image only what reads images.
HOST_SOURCES := $(filter-out $(HASH_SOURCES) host/image/% host/receive/%,$(sort $(wildcard host/*/*.c))) \
	$(addprefix host/image/,image_file.c index_read.c index_walk.c launch.c record.c)
HOST_OBJECTS := $(HOST_SOURCES:%.c=$(BUILD)/%.o)

# musl brings no headers of the kernel and must not see those of another C library beside them.
KERNEL_HEADERS := $(BUILD)/kernel-headers
KERNEL_ASM     := $(firstword $(wildcard /usr/include/x86_64-linux-gnu/asm /usr/include/asm))

-include host/store/build.mk

ifneq ($(HOST_OBJECTS),)
ALL += $(BUILD)/mezzo
endif

$(BUILD)/mezzo: $(HOST_OBJECTS) $(LMDB_HOST)
	$(call say,LD) $(HOST_CC) $(HOST_FLAGS) -static -o $@ $(HOST_OBJECTS) $(LMDB_HOST)

# Runs in domains, and is read into each one that files are copied into: small, and alone.
RECEIVE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard host/receive/*.c) host/base/fd.c)

ALL += $(BUILD)/mezzo-receive

$(BUILD)/mezzo-receive: $(RECEIVE_OBJECTS)
	$(call say,LD) $(HOST_CC) $(HOST_FLAGS) -static -s -o $@ $(RECEIVE_OBJECTS)

$(BUILD)/host/%.o: host/%.c | $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC) $(HOST_CC) $(HOST_FLAGS) -idirafter $(KERNEL_HEADERS) -c -o $@ $<

$(KERNEL_HEADERS):
	@mkdir -p $@
	@ln -sfn /usr/include/linux $@/linux
	@ln -sfn /usr/include/asm-generic $@/asm-generic
	@ln -sfn $(KERNEL_ASM) $@/asm

-include $(HOST_OBJECTS:.o=.d) $(RECEIVE_OBJECTS:.o=.d)

# ---- the other parts ----

-include host/image/build.mk
-include system/build.mk
-include tests/layer/build.mk
-include tests/unit/build.mk
-include tests/build.mk
-include bench/build.mk

# Nothing that was made on the way is removed.
.SECONDARY:

.PHONY: all clean install

all: $(ALL)

# All but what came over the network.
clean:
	find $(BUILD) -mindepth 1 -maxdepth 1 ! -name sources -exec rm -rf {} + 2>/dev/null || true

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir) $(DESTDIR)$(mandir)/man1 \
		$(DESTDIR)$(completions)
	install -m 755 $(BUILD)/mezzo $(DESTDIR)$(bindir)/mezzo
	install -m 755 $(BUILD)/mezzo-image $(DESTDIR)$(libexecdir)/mezzo-image
	install -m 755 $(BUILD)/mezzo-receive $(DESTDIR)$(libexecdir)/mezzo-receive
	install -m 755 $(BUILD)/mezzo-system $(DESTDIR)$(libexecdir)/mezzo-system
	install -m 644 docs/man/mezzo.1 docs/man/mezzo-image.1 $(DESTDIR)$(mandir)/man1
	install -m 644 completions/mezzo.bash $(DESTDIR)$(completions)/mezzo

# What is missing for building is installed first, where apt can do it; then a shell in a domain, or,
# without a terminal, one command.
.PHONY: run dependencies
dependencies:
	@{ command -v $(CC) && command -v musl-gcc && command -v dpkg-source && \
		[ -e /usr/include/archive.h ] && [ -e /usr/include/json-c ] && [ -e /usr/include/openssl ] && \
		[ -e /usr/include/zlib.h ]; } >/dev/null || \
		{ apt-get update && apt-get install -y gcc libc6-dev musl-tools dpkg-dev libarchive-dev \
			libjson-c-dev libssl-dev zlib1g-dev; }

run: dependencies
	@$(MAKE) --no-print-directory all
	@if [ -t 0 ]; then $(BUILD)/mezzo do -- "$${SHELL:-/bin/sh}"; \
	else $(BUILD)/mezzo do -- /bin/sh -c 'echo "in a domain: $$(uname -a)"'; fi
