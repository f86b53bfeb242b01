# SPDX-License-Identifier: MIT
# Unit tests of system/process and system/signal: processes of the layer played by threads of one host process.

PROCESS_TESTS   := $(patsubst tests/unit/process/test_%.c,$(BUILD)/tests/unit/test_process_%, \
	$(sort $(wildcard tests/unit/process/test_*.c)))
PROCESS_SOURCES := $(addprefix system/, signal/altstack.c signal/cpu_clock.c signal/itimer.c signal/posix_timer.c \
	signal/queue.c signal/send.c signal/take.c process/cred.c process/exit.c process/ids.c process/limits.c \
	process/ptrace_attach.c process/session.c process/table.c process/times.c process/wait.c syscall/signal.c syscall/wait_mask.c)
PROCESS_OBJECTS := $(PROCESS_SOURCES:system/%.c=$(BUILD)/tests/system/%.o)
PROCESS_FAKES   := tests/unit/process/play.c tests/unit/core/fake.c

UNIT_TESTS += $(PROCESS_TESTS)

$(PROCESS_OBJECTS) $(PROCESS_TESTS): CORE_FLAGS += -I$(BUILD)/system
$(PROCESS_OBJECTS): | $(BUILD)/system/syscalls.h

$(BUILD)/tests/unit/test_process_%: tests/unit/process/test_%.c $(PROCESS_FAKES) $(PROCESS_OBJECTS) $(CORE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(CORE_FLAGS) -fno-freestanding -pthread -Itests/unit/core -MF $@.d -o $@ $< $(PROCESS_FAKES) \
		$(sort $(PROCESS_OBJECTS) $(CORE_OBJECTS)) -lcmocka

-include $(PROCESS_OBJECTS:.o=.d) $(PROCESS_TESTS:=.d)
