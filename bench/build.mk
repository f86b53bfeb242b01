# SPDX-License-Identifier: MIT
# The benchmark programs and `make bench`. ONLY="names", ROUNDS=n and BENCH_PEER="prefix" go to bench/run.

BENCH_BUILD  := $(BUILD)/bench
BENCH_CALLS  := measure main calls transfers names waits processes commands
BENCH_WHOLE  := measure whole_main whole_time whole_stream whole_idle
BENCH_PROGRAMS := $(BENCH_BUILD)/bench-calls $(BENCH_BUILD)/bench-whole

$(BENCH_BUILD)/%.o: bench/%.c
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(HOST_FLAGS) -c -o $@ $<

# Static: they run under any runtime, over any root file system.
$(BENCH_BUILD)/bench-calls: $(BENCH_CALLS:%=$(BENCH_BUILD)/%.o)
	$(call say,LD) $(CC) $(HOST_FLAGS) -static -o $@ $^

$(BENCH_BUILD)/bench-whole: $(BENCH_WHOLE:%=$(BENCH_BUILD)/%.o)
	$(call say,LD) $(CC) $(HOST_FLAGS) -static -o $@ $^

-include $(wildcard $(BENCH_BUILD)/*.d)

.PHONY: bench
bench: $(ALL) $(BENCH_PROGRAMS)
	@bench/run
