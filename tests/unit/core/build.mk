# SPDX-License-Identifier: MIT
# Unit tests of system/core: its files compiled as for a debug layer, with a fake host under them.

CORE_TESTS   := $(patsubst tests/unit/core/test_%.c,$(BUILD)/tests/unit/test_core_%, \
	$(sort $(wildcard tests/unit/core/test_*.c)))
CORE_SOURCES := $(addprefix system/core/, bits.c channel.c event.c format.c lock.c log.c pages.c slab.c slab_debug.c string.c timer.c \
	wait.c) system/arch/x86_64/site.c
CORE_OBJECTS := $(CORE_SOURCES:system/%.c=$(BUILD)/tests/system/%.o)
TRACE_OBJECTS := $(patsubst system/%.c,$(BUILD)/tests/system/%.o,$(sort $(wildcard system/syscall/trace*.c))) \
	$(BUILD)/tests/system/trace_table.o
# No -fvisibility=hidden, no -nostdinc: these run as an ordinary program.
CORE_FLAGS   := $(BASE_FLAGS) -ffreestanding -fno-strict-aliasing -Isystem -I$(BUILD)/system -DMEZZO_DEBUG

UNIT_TESTS += $(CORE_TESTS)

$(BUILD)/tests/system/%.o: system/%.c | $(BUILD)/system/syscalls.h
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CORE_FLAGS) -c -o $@ $<

$(BUILD)/tests/system/trace_table.o: $(BUILD)/system/trace_table.c | $(BUILD)/system/syscalls.h
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(CORE_FLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_core_%: tests/unit/core/test_%.c tests/unit/core/fake.c $(CORE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(CORE_FLAGS) -fno-freestanding -pthread -MF $@.d -o $@ $(filter %.c %.o,$^) -lcmocka

$(BUILD)/tests/unit/test_core_trace: $(TRACE_OBJECTS)

-include $(CORE_OBJECTS:.o=.d) $(TRACE_OBJECTS:.o=.d) $(CORE_TESTS:=.d)
