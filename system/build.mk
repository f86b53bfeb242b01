# SPDX-License-Identifier: MIT
# The system layer: one freestanding ELF file at a fixed address, and what is generated from syscalls.tbl.

SYSTEM_BUILD := $(BUILD)/system
TABLE        := system/syscall/syscalls.tbl
GENERATE     := awk -f system/syscall/generate

# -fpie: the layer's address needs 64 bits, its own references only 32. No FPU or vector instructions: those registers
# hold the program's state all the time. Frame pointers are for the stack in crash reports.
SYSTEM_FLAGS := $(BASE_FLAGS) -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-isystem /usr/include -isystem /usr/include/x86_64-linux-gnu -fpie -fvisibility=hidden -mgeneral-regs-only \
	-mno-red-zone -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing -fno-asynchronous-unwind-tables \
	-fno-builtin-printf -Isystem -I$(SYSTEM_BUILD) $(if $(DEBUG),-DMEZZO_DEBUG)

SYSTEM_SOURCES := $(sort $(wildcard system/*/*.c system/arch/x86_64/*.c))
SYSTEM_ASM     := $(sort $(wildcard system/arch/x86_64/*.S))
SYSTEM_OBJECTS := $(SYSTEM_SOURCES:%.c=$(BUILD)/%.o) $(SYSTEM_ASM:%.S=$(BUILD)/%.S.o) \
	$(SYSTEM_BUILD)/dispatch.o $(SYSTEM_BUILD)/trace_table.o
SYSTEM_GENERATED := $(SYSTEM_BUILD)/syscalls.h $(SYSTEM_BUILD)/dispatch.c $(SYSTEM_BUILD)/trace_table.c
SYSTEM_LINK    := $(CC) -static -nostdlib -no-pie -Wl,-T,system/arch/x86_64/layer.lds -Wl,--build-id=none \
	-Wl,-z,noexecstack -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,--orphan-handling=error \
	-Wl,--no-relax

ALL += $(BUILD)/mezzo-system

$(SYSTEM_BUILD)/syscalls.h: $(TABLE) system/syscall/generate
	@mkdir -p $(@D)
	$(call say,GEN) $(GENERATE) -v out=header $< > $@.new && mv $@.new $@

$(SYSTEM_BUILD)/dispatch.c: $(TABLE) system/syscall/generate
	@mkdir -p $(@D)
	$(call say,GEN) $(GENERATE) -v out=dispatch $< > $@.new && mv $@.new $@

$(SYSTEM_BUILD)/trace_table.c: $(TABLE) system/syscall/generate
	@mkdir -p $(@D)
	$(call say,GEN) $(GENERATE) -v out=trace $< > $@.new && mv $@.new $@

$(BUILD)/system/%.o: system/%.c | $(SYSTEM_GENERATED)
	@mkdir -p $(@D)
	$(call say,CC) $(CC) $(SYSTEM_FLAGS) -c -o $@ $<

# What small reads and writes go through: a few per cent of a call of 100 ns, for some KiB of text.
$(addprefix $(BUILD)/system/,syscall/data.o ipc/pipe.o ipc/eventfd.o ipc/epoll.o memory/iter.o net/unix_stream.o): SYSTEM_FLAGS += -O3

$(BUILD)/system/%.S.o: system/%.S
	@mkdir -p $(@D)
	$(call say,AS) $(CC) $(SYSTEM_FLAGS) -D__ASSEMBLER__ -c -o $@ $<

$(SYSTEM_BUILD)/%.o: $(SYSTEM_BUILD)/%.c | $(SYSTEM_GENERATED)
	$(call say,CC) $(CC) $(SYSTEM_FLAGS) -c -o $@ $<

# Linked twice: first with an empty table of symbols, then with the table made from the first. The table
# is at the end of the read-only data, so no function moves.
$(SYSTEM_BUILD)/symbols_none.c: system/core/symbols.awk
	@mkdir -p $(@D)
	$(call say,GEN) awk -f $< /dev/null > $@

$(SYSTEM_BUILD)/first-link: $(SYSTEM_OBJECTS) $(SYSTEM_BUILD)/symbols_none.o system/arch/x86_64/layer.lds
	$(call say,LD) $(SYSTEM_LINK) -o $@ $(SYSTEM_OBJECTS) $(SYSTEM_BUILD)/symbols_none.o

$(SYSTEM_BUILD)/symbols.c: $(SYSTEM_BUILD)/first-link system/core/symbols.awk
	$(call say,GEN) nm -n $< | awk -f system/core/symbols.awk > $@.new && mv $@.new $@

$(BUILD)/mezzo-system: $(SYSTEM_BUILD)/first-link $(SYSTEM_BUILD)/symbols.o
	$(call say,LD) $(SYSTEM_LINK) -o $@ $(SYSTEM_OBJECTS) $(SYSTEM_BUILD)/symbols.o

# What the documentation says about supported calls; tools/check-system-calls finds it stale.
.PHONY: docs
docs: $(TABLE) system/syscall/generate
	@$(GENERATE) -v out=docs $(TABLE) > docs/system-calls.md
	@awk -f tests/suites/compatibility $(TABLE) tests/suites/results tests/suites/differences > docs/compatibility.md

-include $(SYSTEM_OBJECTS:.o=.d)
