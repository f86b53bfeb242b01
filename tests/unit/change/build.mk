# SPDX-License-Identifier: MIT
# Unit tests of host/change, over overlays in memory.

CHANGE_TESTS := $(patsubst tests/unit/change/test_%.c,$(BUILD)/tests/unit/test_change_%, \
	$(sort $(wildcard tests/unit/change/test_*.c)))

UNIT_TESTS += $(CHANGE_TESTS)

$(BUILD)/tests/unit/test_change_%: tests/unit/change/test_%.c $(IMAGE_OBJECTS) $(LMDB_SYSTEM)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(IMAGE_FLAGS) -MF $@.d -o $@ $(filter %.c %.o %.a,$^) $(IMAGE_LIBS) -lcmocka

-include $(CHANGE_TESTS:=.d)
