# SPDX-License-Identifier: MIT
# Unit tests of the host side, with cmocka. Each test_*.c is a program, linked with all of the host but
# its main(); cmocka wants the system's C library, so the host is compiled again for it. test_domain starts
# real domains, with a fake system layer.

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_HOST  := $(patsubst %.c,$(BUILD)/tests/%.o,$(filter-out host/cli/main.c,$(HOST_SOURCES)))
FAKE_LAYER := $(BUILD)/tests/fake/layer

$(BUILD)/tests/unit/%: tests/unit/%.c $(UNIT_HOST) $(LMDB_SYSTEM)
	@mkdir -p $(@D)
	$(call say,LD) $(CC) $(HOST_FLAGS) -DBUILD='"$(BUILD)"' -o $@ $< $(UNIT_HOST) \
		$(LMDB_SYSTEM) -lcmocka

$(BUILD)/tests/host/%.o: host/%.c | $(LMDB_STAMP)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(HOST_FLAGS) -c -o $@ $<

$(BUILD)/tests/unit/test_domain: $(FAKE_LAYER) $(BUILD)/mezzo

$(FAKE_LAYER): tests/unit/fake_layer.c $(TEST_LAYER_FRAME)
	@mkdir -p $(@D)
	$(call say,LD) $(TEST_LAYER_LINK) -o $@ $(filter %.c,$^)

-include $(UNIT_HOST:.o=.d) $(UNIT_TESTS:=.d)

-include $(wildcard tests/unit/*/build.mk)
