# SPDX-License-Identifier: MIT
# LMDB, which keeps the store's tables: built from the source of Debian's package, once for `mezzo`
# with its C library and once for programs with the system's. Not ours, so without our warnings.

LMDB_SOURCE := $(SOURCES)/lmdb/libraries/liblmdb
LMDB_STAMP  := $(LMDB_SOURCE)/mdb.c
LMDB_HOST   := $(BUILD)/lmdb/host/liblmdb.a
LMDB_SYSTEM := $(BUILD)/lmdb/system/liblmdb.a
LMDB_FLAGS  := $(OPTIMISE) -w -pthread

$(LMDB_STAMP):
	$(call say,FETCH) tools/fetch-source lmdb

$(BUILD)/lmdb/host/%.o: $(LMDB_STAMP) | $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC) $(HOST_CC) $(LMDB_FLAGS) -idirafter $(KERNEL_HEADERS) -c -o $@ $(LMDB_SOURCE)/$*.c

$(BUILD)/lmdb/system/%.o: $(LMDB_STAMP)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(LMDB_FLAGS) -c -o $@ $(LMDB_SOURCE)/$*.c

$(LMDB_HOST) $(LMDB_SYSTEM): %/liblmdb.a: %/mdb.o %/midl.o
	$(call say,AR) $(AR) rcs $@ $^

# Before any file that may include its header is compiled.
$(HOST_OBJECTS): | $(LMDB_STAMP)
