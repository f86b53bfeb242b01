# SPDX-License-Identifier: MIT
# Unit tests of host/image, over a store in memory.

IMAGE_TESTS := $(patsubst tests/unit/image/test_%.c,$(BUILD)/tests/unit/test_image_%, \
	$(sort $(wildcard tests/unit/image/test_*.c)))

UNIT_TESTS += $(IMAGE_TESTS)

$(BUILD)/tests/unit/test_image_%: tests/unit/image/test_%.c $(IMAGE_OBJECTS) $(LMDB_SYSTEM)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(IMAGE_FLAGS) -MF $@.d -o $@ $(filter %.c %.o %.a,$^) $(IMAGE_LIBS) -lcmocka

-include $(IMAGE_TESTS:=.d)
