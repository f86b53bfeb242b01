# SPDX-License-Identifier: MIT
# Unit tests of the object store, with what hashes, which `mezzo` itself does not have.

STORE_TESTS   := $(patsubst tests/unit/store/test_%.c,$(BUILD)/tests/unit/test_store_%, \
	$(sort $(wildcard tests/unit/store/test_*.c)))
STORE_OBJECTS := $(patsubst %.c,$(BUILD)/tests/%.o,$(wildcard host/store/*.c host/base/*.c)) \
	$(BUILD)/tests/unit_store/play.o

UNIT_TESTS += $(STORE_TESTS)

$(BUILD)/tests/unit_store/play.o: tests/unit/store/play.c
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_store_%: tests/unit/store/test_%.c $(STORE_OBJECTS) $(LMDB_SYSTEM)
	@mkdir -p $(@D)
	$(CC) $(HOST_FLAGS) $(STORE_LINK) -MF $@.d -o $@ $< $(STORE_OBJECTS) $(LMDB_SYSTEM) -lcmocka -lcrypto

-include $(STORE_OBJECTS:.o=.d) $(STORE_TESTS:=.d)
