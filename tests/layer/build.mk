# SPDX-License-Identifier: MIT
# System layers of tests: a frame, and what it is to do at the boundary.
TEST_LAYER_FRAME := tests/layer/frame.c tests/layer/frame.h tests/layer/layer.lds \
	$(wildcard boundary/*.h)
TEST_LAYER_LINK := $(CC) $(filter-out -MMD -MP,$(BASE_FLAGS)) -ffreestanding -fno-stack-protector \
	-fno-pic -mcmodel=large -mno-red-zone -nostdlib -static -no-pie -Wl,-T,tests/layer/layer.lds \
	-Wl,-z,noexecstack -Wl,--build-id=none
