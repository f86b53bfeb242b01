# SPDX-License-Identifier: MIT
# Unit tests of the object store, with what hashes, which `mezzo` itself does not have.

comma         := ,
STORE_TESTS   := $(patsubst tests/unit/store/test_%.c,$(BUILD)/tests/unit/test_store_%, \
	$(sort $(wildcard tests/unit/store/test_*.c)))
STORE_OBJECTS := $(patsubst %.c,$(BUILD)/tests/%.o,$(wildcard host/store/*.c host/base/*.c)) \
	$(BUILD)/tests/unit_store/play.o

UNIT_TESTS += $(STORE_TESTS)

# The crash test sees all that changes a disk.
CRASH_CALLS := pwrite writev ftruncate fsync fdatasync syncfs openat renameat unlinkat \
	copy_file_range

$(BUILD)/tests/unit/test_store_crash: STORE_LINK := $(addprefix -Wl$(comma)--wrap=,$(CRASH_CALLS))
$(BUILD)/tests/unit/test_store_crash: $(BUILD)/tests/unit_store/recorder.o

# Disks that do not give their bytes, and commits between two reads.
$(BUILD)/tests/unit/test_store_heal: STORE_LINK := -Wl$(comma)--wrap=pread

$(BUILD)/tests/unit_store/%.o: tests/unit/store/%.c
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(HOST_FLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_store_%: tests/unit/store/test_%.c $(STORE_OBJECTS) $(LMDB_SYSTEM)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(HOST_FLAGS) $(STORE_LINK) -MF $@.d -o $@ $(filter %.c %.o %.a,$^) -lcmocka -lcrypto

-include $(STORE_OBJECTS:.o=.d) $(STORE_TESTS:=.d)
