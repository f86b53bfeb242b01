# SPDX-License-Identifier: MIT
# Unit tests of system/ipc and vfs/poll.c, over the core with its fake host and a fake file layer.

IPC_TESTS   := $(patsubst tests/unit/ipc/test_%.c,$(BUILD)/tests/unit/test_ipc_%, \
	$(sort $(wildcard tests/unit/ipc/test_*.c)))
IPC_SOURCES := $(addprefix system/, ipc/pipe.c ipc/fifo.c ipc/eventfd.c ipc/epoll.c ipc/timerfd.c vfs/poll.c)
IPC_OBJECTS := $(IPC_SOURCES:system/%.c=$(BUILD)/tests/system/%.o)

UNIT_TESTS += $(IPC_TESTS)

$(BUILD)/tests/unit/test_ipc_%: tests/unit/ipc/test_%.c tests/unit/ipc/files.c tests/unit/core/fake.c \
		$(IPC_OBJECTS) $(CORE_OBJECTS)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(CORE_FLAGS) -Itests/unit/core -fno-freestanding -pthread -MF $@.d -o $@ \
		$(filter %.c %.o,$^) -lcmocka

-include $(IPC_OBJECTS:.o=.d) $(IPC_TESTS:=.d)
