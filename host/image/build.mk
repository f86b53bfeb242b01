# SPDX-License-Identifier: MIT
# mezzo-image: all that needs libraries for archives, JSON and hashes, and so the system's C library.

IMAGE_PARTS   := $(addprefix host/base/,error.c fd.c id_list.c output.c owner.c place.c size.c \
	store_format.c strings.c verb_hint.c) \
	$(wildcard host/store/*.c host/domain/*.c host/change/*.c) \
	$(filter-out host/image/main.c,$(wildcard host/image/*.c))
IMAGE_FLAGS   := $(HOST_FLAGS) -isystem /usr/include/json-c
IMAGE_LIBS    := -larchive -ljson-c -lcrypto -lz
IMAGE_OBJECTS := $(IMAGE_PARTS:%.c=$(BUILD)/image/%.o)
IMAGE_MAIN    := $(BUILD)/image/host/image/main.o

ALL += $(BUILD)/mezzo-image

$(BUILD)/mezzo-image: $(IMAGE_MAIN) $(IMAGE_OBJECTS) $(LMDB_SYSTEM)
	$(call say,LD) $(CC) $(IMAGE_FLAGS) -o $@ $^ $(IMAGE_LIBS)

$(BUILD)/image/%.o: %.c | $(LMDB_STAMP)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(IMAGE_FLAGS) -c -o $@ $<

-include $(IMAGE_MAIN:.o=.d) $(IMAGE_OBJECTS:.o=.d)
