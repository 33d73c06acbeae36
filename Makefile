# numabench. `make help` says what there is to make.
VERSION   := 0.1.0
CC        ?= gcc
CUDA_HOME ?= /usr/local/cuda
PREFIX    ?= /usr/local
B         := build
$(if $(filter-out 1,$(words $(filter-out /,$(B)))),$(error B='$(B)': one folder to build in is needed))# empty is the root folder
SANITIZE  ?=
WERROR    ?= -Werror# WERROR= leaves warnings as warnings, for a compiler newer than ours

WARN     := -Wall -Wextra -Wimplicit-fallthrough -Wshadow -Wconversion $(WERROR)
CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DNB_VERSION='"$(VERSION)"' -DNB_BUILD='"$(BUILT)"' -Ilib -Ibench -Idiag
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARN) -pthread
LDLIBS   := -lhwloc -lnuma -ljansson -lm -ldl -lrt -lpthread
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

# make V=1 shows the commands.
Q   := $(if $(V),,@)
say := @$(if $(V),:,echo)

include scripts/cuda.mk # what there is of CUDA: CUDA, CUDA_SRC, CUDART, KERNELS, NVCC, BUILT

LIB_SRC   := $(filter-out $(if $(CUDA),%/gpu_none.c,$(CUDA_SRC)) $(if $(KERNELS),%/gpu_kernels_none.c),$(wildcard lib/*/*.c bench/kernels/*.c diag/checks/*.c)) \
	$(if $(KERNELS),$(wildcard bench/kernels/*.cu))
BENCH     := $(basename $(notdir $(wildcard bench/*.c)))
DIAG      := $(basename $(notdir $(wildcard diag/*.c)))
SIM_SRC   := $(wildcard tests/sim/*.c)
UNIT      := $(basename $(notdir $(wildcard tests/unit/*.c)))

LIB       := $(B)/lib/libnumabench.a
LIBEXEC   := libexec/numabench
PROGRAMS  := $(B)/bin/numabench $(addprefix $(B)/$(LIBEXEC)/,$(BENCH) $(DIAG))
SIM_PROGRAMS := $(if $(CUDA),$(patsubst $(B)/%,$(B)/sim/%,$(PROGRAMS)) $(B)/sim/feed-gpu $(B)/sim/lib/libnvidia-ml.so.1)
UNIT_PROGRAMS := $(addprefix $(B)/tests/unit/,$(UNIT))
HELPERS   := $(patsubst %.c,$(B)/%,$(wildcard tests/helpers/*.c tests/power/*.c))
MAN       := $(B)/man/numabench.1 $(patsubst %,$(B)/man/numabench-%.1,$(BENCH) $(DIAG))

obj = $(addprefix $(B)/obj/,$(addsuffix .o,$(basename $(1))))
BENCH_MAIN := $(call obj,$(wildcard bench/main/*.c))
SIM_OBJ := $(call obj,$(filter-out tests/sim/nvml.c,$(SIM_SRC)))

.PHONY: all force vm-check demo check check-programs sim install portable man clean help fidelity power format
.DELETE_ON_ERROR .SECONDARY:

all: $(PROGRAMS)

help:
	@echo "make            build/bin/numabench and what it runs, $(BUILT)"
	@echo "make check      all tests                              make SANITIZE=address,undefined check"
	@echo "make vm-check   those in virtual machines only         make demo, make sim: simulated GPUs"
	@echo "make fidelity   our figures beside those of other tools, in turn, as ratios"
	@echo "make power      the tables of results/power.md: false alarms and regressions found"
	@echo "make portable   a tarball for machines that have nothing installed"
	@echo "make man        the manual pages; make completion      make install PREFIX= DESTDIR="
	@echo "make format     clang-format over the sources          make clean"

# Everything is rebuilt when the flags change.
FLAGS = $(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(CUDART) $(NVCCFLAGS)
$(B)/flags: force
	@mkdir -p $(B); echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(say) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/%.o: %.cu $(B)/flags
	@mkdir -p $(@D)
	$(say) "  NVCC  $<"
	$(Q)$(NVCC) $(CPPFLAGS) $(NVCCFLAGS) -MMD -MP -MF $(@:.o=.d) -c $< -o $@

$(call obj,lib/render/html_files.c): lib/render/report.css lib/render/report.js
$(LIB): $(call obj,$(LIB_SRC))
	@mkdir -p $(@D)
	$(say) "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define link
	@mkdir -p $(@D)
	$(say) "  LINK  $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(1) -o $@
endef

# The programs: in which folder, from what besides their own objects, linked with what (the name of a variable).
define programs
$(B)/$(1)bin/numabench: $(B)/obj/numabench.o
$(BENCH:%=$(B)/$(1)$(LIBEXEC)/%): $(B)/$(1)$(LIBEXEC)/%: $(B)/obj/bench/%.o $(BENCH_MAIN)
$(DIAG:%=$(B)/$(1)$(LIBEXEC)/%): $(B)/$(1)$(LIBEXEC)/%: $(B)/obj/diag/%.o
$(PROGRAMS:$(B)/%=$(B)/$(1)%): $(2) $(LIB)
	$$(call link,$$($(3)))
endef

LIBS := $(CUDART) $(LDLIBS)
$(eval $(call programs,,,LIBS))

# The same objects over a simulated CUDA runtime, GPU kernels, clock and sysfs (tests/sim).
SIM_LIBS := -Wl,-rpath,'$$ORIGIN/../lib:$$ORIGIN/../../lib' $(LDLIBS)
$(eval $(call programs,sim/,$(SIM_OBJ),SIM_LIBS))
$(B)/sim/feed-gpu: $(B)/obj/tests/helpers/feed-gpu.o $(SIM_OBJ) $(LIB)
	$(call link,$(SIM_LIBS))
sim: $(SIM_PROGRAMS)
$(B)/sim/lib/libnvidia-ml.so.1: tests/sim/nvml.c tests/sim/scenario.c $(B)/flags
	@mkdir -p $(@D)
	$(say) "  LINK  $@"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -shared -fvisibility=hidden $(filter %.c,$^) -ljansson -o $@

$(UNIT_PROGRAMS): $(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(LIB)
	$(call link,$(LIBS) -lcmocka)
$(HELPERS): $(B)/%: $(B)/obj/%.o $(LIB)
	$(call link,$(LIBS))

# Rubbish that was found to reach something, once more; `fuzz` looks for more (tests/fuzz/run).
REPLAY    := $(B)/tests/fuzz/replay
comma     := ,
$(REPLAY): $(call obj,$(wildcard tests/fuzz/*.c)) $(LIB)
	$(call link,$(LIBS) -Wl$(comma)--wrap=hwtopo_load)
$(B)/tests/fuzz/fuzz: $(call obj,$(filter-out %/replay.c,$(wildcard tests/fuzz/*.c))) $(LIB)
	$(call link,$(LIBS) -Wl$(comma)--wrap=hwtopo_load -fsanitize=fuzzer)

check-programs: $(PROGRAMS) $(SIM_PROGRAMS) $(UNIT_PROGRAMS) $(HELPERS) $(REPLAY)
check: check-programs
	BUILD=$(B) SANITIZE="$(SANITIZE)" tests/run $(TESTS)

# Real kernels with several nodes, in emulation; the programs are those just built.
vm-check: check-programs
	BUILD=$(B) tests/run $(wildcard tests/vm/*.t)

# What a GPU server would get, on a virtual one with simulated GPUs.
demo: all sim
	@BUILD=$(B) scripts/demo

fidelity: all $(HELPERS)
	BUILD=$(B) tests/fidelity/run

# How often the rule for regressions is wrong, and what it finds.
power: $(B)/tests/power/power
	$< >results/power.md.new && mv results/power.md.new results/power.md

include scripts/install.mk # man, install, portable

format:
	git ls-files '*.c' '*.h' '*.cu' | xargs clang-format -i

clean:
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
