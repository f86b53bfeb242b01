# SPDX-License-Identifier: MIT
# The suites and what they need. A plain `make` builds none of this.

TEST_FLAGS := $(BASE_FLAGS) -O1 -D_GNU_SOURCE -pthread \
	-Wno-missing-field-initializers -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds \
	-Wno-nonnull -Wno-unused-result

LINUX_TESTS := $(patsubst tests/linux/%.c,$(BUILD)/tests/linux/%, \
	$(filter-out tests/linux/test.c,$(sort $(wildcard tests/linux/*.c))))

$(BUILD)/tests/linux/%: tests/linux/%.c $(BUILD)/tests/test.o
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(TEST_FLAGS) -MF $(BUILD)/tests/$*.d -o $@ $< $(BUILD)/tests/test.o

$(BUILD)/tests/test.o: tests/linux/test.c
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(TEST_FLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/tests/*.d)

ESCAPE_TESTS := $(BUILD)/tests/escape/layer_memory $(BUILD)/tests/escape/gate $(BUILD)/tests/escape/hostile

$(BUILD)/tests/escape/hostile: $(wildcard tests/escape/hostile/*.c tests/escape/hostile/*.h) $(TEST_LAYER_FRAME)
	@mkdir -p $(@D)
	$(call say,LD) $(TEST_LAYER_LINK) -o $@ $(filter %.c,$^)

$(BUILD)/tests/escape/layer_memory: tests/escape/layer_memory.c $(BUILD)/tests/test.o
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(TEST_FLAGS) -MF $(BUILD)/tests/layer_memory.d -o $@ $< $(BUILD)/tests/test.o

$(BUILD)/tests/escape/gate: tests/escape/gate.c
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(TEST_FLAGS) -MF $(BUILD)/tests/gate.d -o $@ $<

KEY_TESTS := $(BUILD)/tests/keys/wall

$(BUILD)/tests/keys/wall: tests/keys/wall.c $(BUILD)/tests/test.o
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(TEST_FLAGS) -static -MF $(BUILD)/tests/keys_wall.d -o $@ $< $(BUILD)/tests/test.o

FUZZ_TESTS := $(BUILD)/tests/fuzz/calls $(BUILD)/tests/fuzz/walks $(BUILD)/tests/fuzz/data

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(TEST_FLAGS) -MF $(BUILD)/tests/fuzz_$*.d -o $@ $<

FUZZ_CALLS := $(sort $(wildcard tests/fuzz/calls/*.c))

$(BUILD)/tests/fuzz/calls: $(FUZZ_CALLS) $(wildcard tests/fuzz/calls/*.h) $(BUILD)/tests/fuzz/include/call_table.h
	$(call say,LD) $(CC) $(TEST_FLAGS) -MF $(BUILD)/tests/fuzz_calls.d -I$(BUILD)/tests/fuzz/include -o $@ $(FUZZ_CALLS)

# Random calls in a domain for longer than in `make check`: SEED (the time), SECONDS (600).
.PHONY: fuzz-calls
fuzz-calls: all $(BUILD)/tests/fuzz/calls
	$(BUILD)/mezzo do -- $(BUILD)/tests/fuzz/calls $(or $(SEED),$(shell date +%s)) $(or $(SECONDS),600)

$(BUILD)/tests/fuzz/include/call_table.h: $(TABLE) system/syscall/generate
	@mkdir -p $(@D)
	$(call say,GEN) $(GENERATE) -v out=calls $(TABLE) > $@

-include tests/fuzz/images/build.mk
-include tests/suites/build.mk

# Programs of other makes, for tests/system.
TEST_PROGRAMS := $(addprefix $(BUILD)/tests/programs/,goroutines musl changes kept_races renames \
	local_socket sharing wall many_files full)

$(BUILD)/tests/programs/goroutines: tests/programs/goroutines.go
	@mkdir -p $(@D)
	$(call say,GO) CGO_ENABLED=0 GOCACHE=$(abspath $(BUILD))/go-cache GOFLAGS=-mod=mod GO111MODULE=off \
		go build -o $@ $<

$(BUILD)/tests/programs/%: tests/programs/%.c
	@mkdir -p $(@D)
	$(call say,LD) musl-gcc -O1 -static -Wall -Wno-unused-result -I. -o $@ $<

# Static, so that they run over any root file system.
EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))

$(BUILD)/examples/%: examples/%.c
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(BASE_FLAGS) -D_GNU_SOURCE -static -o $@ $<

.PHONY: check-build check check-debug check-quick check-keys check-programs stress

check-build: all $(LINUX_TESTS) $(UNIT_TESTS) $(ESCAPE_TESTS) $(KEY_TESTS) $(FUZZ_TESTS) \
		$(TEST_PROGRAMS) $(EXAMPLES) $(if $(shell command -v clang),$(FUZZ_IMAGES))

# Everything.
check:
	@tools/install-packages
	@$(MAKE) --no-print-directory -j2 check-build
	@BUILD=$(BUILD) tests/run --all

# The families of tests/linux in domains of a debug build.
check-debug: $(LINUX_TESTS)
	@$(MAKE) --no-print-directory -j2 DEBUG=1 all
	@MEZZO=$(abspath build/debug/mezzo) DOMAIN_ONLY=1 ONLY="$(notdir $(LINUX_TESTS))" tests/run

# The second wall, here or in an emulated machine: see tests/keys/run.
check-keys: all $(LINUX_TESTS) $(ESCAPE_TESTS) $(KEY_TESTS)
	@BUILD=$(BUILD) tests/keys/run

# What tests/quick.list names: it must pass before a change lands.
QUICK_FAMILIES := $(sort $(shell sed 's|/.*||; /^#/d' tests/quick.list))
check-quick: all $(filter $(LINUX_TESTS),$(QUICK_FAMILIES:%=$(BUILD)/tests/linux/%))
	@BUILD=$(BUILD) tests/run --quick

# Node, Java, Go, GnuPG and others as they come from Debian: installs them.
check-programs: all
	@tools/install-packages
	@tools/install-packages tests/everyday/packages.txt
	@BUILD=$(BUILD) tests/run --programs

# The suites in a loop with both processors loaded, until one fails or ROUNDS (default 10) are done.
stress: check-build
	@BUILD=$(BUILD) tests/run --stress $(or $(ROUNDS),10)
