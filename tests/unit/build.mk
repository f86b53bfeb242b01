# SPDX-License-Identifier: MIT
# Unit tests of the host side, and a fake system layer to run them with.

FAKE_LAYER := $(BUILD)/tests/unit/fake-layer

$(FAKE_LAYER): tests/unit/fake_layer.c tests/unit/fake_layer.lds
	@mkdir -p $(@D)
	$(CC) $(BASE_FLAGS) -ffreestanding -fno-stack-protector -fno-pic -mcmodel=large -mno-red-zone \
		-nostdlib -static -no-pie -Wl,-T,tests/unit/fake_layer.lds -Wl,-z,noexecstack \
		-Wl,--build-id=none -o $@ $<

-include $(FAKE_LAYER).d
