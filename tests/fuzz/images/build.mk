# SPDX-License-Identifier: MIT
# Fuzzing of what images are read from, and of what domains write, by libFuzzer with sanitizers: `make fuzz-images
# FUZZ_SECONDS=600`, a third of them for each target. What it finds is left in build/fuzz; inputs worth keeping go to tests/fuzz/corpus.

FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 60
FUZZ_FLAGS   := -O1 -g -std=gnu11 -D_GNU_SOURCE -I. -isystem $(LMDB_SOURCE) -isystem /usr/include/json-c \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_IMAGES  := $(BUILD)/fuzz/index $(BUILD)/fuzz/layer $(BUILD)/fuzz/overlay

$(BUILD)/fuzz/%: tests/fuzz/images/%.c $(IMAGE_PARTS) $(LMDB_SYSTEM)
	@mkdir -p $(@D)
	$(call say,LD) $(FUZZ_CC) $(FUZZ_FLAGS) -o $@ $^ $(IMAGE_LIBS)

.PHONY: fuzz-images
fuzz-images: $(FUZZ_IMAGES)
	@for target in index layer overlay; do \
		mkdir -p $(BUILD)/fuzz/corpus-$$target; \
		$(BUILD)/fuzz/$$target -max_total_time=$$(($(FUZZ_SECONDS) / 3)) -timeout=10 -rss_limit_mb=2048 \
			-max_len=65536 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/found-$$target- \
			$(BUILD)/fuzz/corpus-$$target tests/fuzz/corpus/$$target > $(BUILD)/fuzz/$$target.log 2>&1 || \
			{ tail -40 $(BUILD)/fuzz/$$target.log; exit 1; }; \
		grep -E 'stat::number_of_executed_units|^Done' $(BUILD)/fuzz/$$target.log; \
	done
