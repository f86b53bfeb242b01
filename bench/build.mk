# SPDX-License-Identifier: MIT
# The benchmark programs, `make bench`, `make bench-storage` and `make bench-programs`. ONLY="names", ROUNDS=n and BENCH_PEER="prefix" go to bench/run.

BENCH_BUILD  := $(BUILD)/bench
BENCH_CALLS  := measure main calls transfers names waits processes commands \
	command storage storage_random storage_trees storage_sqlite \
	programs server servers servers_http
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

# fio from the source of Debian's package: static, and without System V shared memory.
BENCH_FIO   := $(BENCH_BUILD)/fio/fio
FIO_SOURCE  := $(SOURCES)/fio
FIO_OPTIONS := --build-static --disable-shm --disable-native $(addprefix --disable-,numa rdma rados rbd http \
	gfapi libnfs lex pmem xnvme libzbc tcmalloc dfs)

$(FIO_SOURCE)/configure:
	$(call say,FETCH) tools/fetch-source fio

$(BENCH_FIO): $(FIO_SOURCE)/configure
	@mkdir -p $(@D)
	$(call say,FIO) (cd $(@D) && $(abspath $<) $(FIO_OPTIONS) && $(MAKE) fio) > $(@D)/log 2>&1

# The project that bench-programs makes.
BENCH_PROJECT := $(SOURCES)/coreutils

$(BENCH_PROJECT)/configure:
	$(call say,FETCH) tools/fetch-source coreutils

.PHONY: bench bench-storage bench-programs
bench-programs: $(ALL) $(BENCH_PROGRAMS) $(BENCH_PROJECT)/configure
	@bench/run programs

bench-storage: $(ALL) $(BENCH_PROGRAMS) $(BENCH_FIO)
	@bench/run storage

bench: $(ALL) $(BENCH_PROGRAMS)
	@bench/run
