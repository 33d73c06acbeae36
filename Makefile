# numabench. `make help` says what there is to make.
VERSION   := 0.1.0
CC        ?= gcc
CUDA_HOME ?= /usr/local/cuda
PREFIX    ?= /usr/local
B         := build
SANITIZE  ?=
WERROR    ?= -Werror# WERROR= leaves warnings as warnings, for a compiler newer than ours

WARN     := -Wall -Wextra -Wimplicit-fallthrough -Wshadow -Wconversion $(WERROR)
CFLAGS   ?= -O2 -g
CPPFLAGS += -D_GNU_SOURCE -DNB_VERSION='"$(VERSION)"' -Ilib -Ibench
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARN) -pthread
LDLIBS   := -lhwloc -lnuma -ljansson -lm -ldl -lrt -lpthread
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

# make V=1 shows the commands.
Q   := $(if $(V),,@)
say := @$(if $(V),:,echo)

# A toolkit makes gpu_cuda.c, its absence gpu_none.c.
CUDART := $(firstword $(wildcard $(foreach d,lib64 lib targets/x86_64-linux/lib targets/sbsa-linux/lib,$(CUDA_HOME)/$(d)/libcudart_static.a)))
ifneq ($(and $(CUDART),$(wildcard $(CUDA_HOME)/include/cuda_runtime_api.h)),)
CUDA := 1
CUDA_VERSION := $(shell sed -n 's/^\#define CUDART_VERSION *\([0-9]*\)$$/\1/p' $(CUDA_HOME)/include/cuda_runtime_api.h)
$(B)/obj/lib/machine/gpu_cuda.o $(B)/obj/tests/sim/%.o: private CPPFLAGS += -isystem $(CUDA_HOME)/include
endif

CPPFLAGS += -DNB_BUILD='"$(if $(CUDA),with CUDA runtime $(CUDA_VERSION),without CUDA: no toolkit at build time)"'

LIB_SRC   := $(filter-out lib/machine/gpu_$(if $(CUDA),none,cuda).c,$(wildcard lib/*/*.c)) $(wildcard bench/kernels/*.c)
BENCH     := $(basename $(notdir $(wildcard bench/*.c)))
DIAG      := $(basename $(notdir $(wildcard diag/*.c)))
SIM_SRC   := $(wildcard tests/sim/*.c)
UNIT      := $(basename $(notdir $(wildcard tests/unit/*.c)))
HELPER    := $(basename $(notdir $(wildcard tests/helpers/*.c)))

LIB       := $(B)/lib/libnumabench.a
LIBEXEC   := libexec/numabench
PROGRAMS  := $(B)/bin/numabench $(addprefix $(B)/$(LIBEXEC)/,$(BENCH) $(DIAG))
SIM_PROGRAMS := $(if $(CUDA),$(patsubst $(B)/%,$(B)/sim/%,$(PROGRAMS)) $(B)/sim/lib/libnvidia-ml.so.1)
UNIT_PROGRAMS := $(addprefix $(B)/tests/unit/,$(UNIT))
HELPERS   := $(addprefix $(B)/tests/helpers/,$(HELPER))
MAN       := $(B)/man/numabench.1 $(patsubst %,$(B)/man/numabench-%.1,$(BENCH) $(DIAG))

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
BENCH_MAIN := $(call obj,$(wildcard bench/main/*.c))
SIM_OBJ := $(call obj,$(filter-out tests/sim/nvml.c,$(SIM_SRC)))

.PHONY: all force vm-check demo check check-programs sim install man clean help fidelity format
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS)

help:
	@echo "make            build/bin/numabench and what it runs   (CUDA: $(if $(CUDA),$(CUDA_HOME),no toolkit found))"
	@echo "make check      all tests                              make SANITIZE=address,undefined check"
	@echo "make vm-check   those in virtual machines only         make demo"
	@echo "make fidelity   our figures beside those of other tools, in turn, as ratios"
	@echo "make man        the manual pages                       make install PREFIX= DESTDIR="
	@echo "make format     clang-format over the sources          make clean"

# Everything is rebuilt when the flags change.
$(B)/flags: force
	@mkdir -p $(B); echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(CUDART)' | cmp -s - $@ || \
	echo '$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LDFLAGS) $(CUDART)' >$@

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(say) "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(call obj,$(LIB_SRC))
	@mkdir -p $(@D)
	$(say) "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define link
	@mkdir -p $(@D)
	$(say) "  LINK  $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(filter %.o %.a,$^) $(1) $(LDLIBS) -o $@
endef

$(B)/bin/numabench: $(B)/obj/numabench.o $(LIB)
	$(call link,$(CUDART))
$(BENCH:%=$(B)/$(LIBEXEC)/%): $(B)/$(LIBEXEC)/%: $(B)/obj/bench/%.o $(BENCH_MAIN) $(LIB)
	$(call link,$(CUDART))
$(DIAG:%=$(B)/$(LIBEXEC)/%): $(B)/$(LIBEXEC)/%: $(B)/obj/diag/%.o $(LIB)
	$(call link,$(CUDART))

# The same objects over a simulated CUDA runtime, clock and sysfs (tests/sim).
RPATH := -Wl,-rpath,'$$ORIGIN
sim: $(SIM_PROGRAMS)
$(B)/sim/bin/numabench: $(B)/obj/numabench.o $(SIM_OBJ) $(LIB)
	$(call link,$(RPATH)/../lib')
$(BENCH:%=$(B)/sim/$(LIBEXEC)/%): $(B)/sim/$(LIBEXEC)/%: $(B)/obj/bench/%.o $(BENCH_MAIN) $(SIM_OBJ) $(LIB)
	$(call link,$(RPATH)/../../lib')
$(DIAG:%=$(B)/sim/$(LIBEXEC)/%): $(B)/sim/$(LIBEXEC)/%: $(B)/obj/diag/%.o $(SIM_OBJ) $(LIB)
	$(call link,$(RPATH)/../../lib')
$(B)/sim/lib/libnvidia-ml.so.1: tests/sim/nvml.c tests/sim/scenario.c $(B)/flags
	@mkdir -p $(@D)
	$(say) "  LINK  $@"
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -shared -fvisibility=hidden $(filter %.c,$^) -ljansson -o $@

$(UNIT_PROGRAMS): $(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(LIB)
	$(call link,$(CUDART) -lcmocka)
$(HELPERS): $(B)/tests/helpers/%: $(B)/obj/tests/helpers/%.o $(LIB)
	$(call link,$(CUDART))

check-programs: $(PROGRAMS) $(SIM_PROGRAMS) $(UNIT_PROGRAMS) $(HELPERS)
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

man: $(MAN)
$(B)/man/numabench.1: $(B)/bin/numabench
	@mkdir -p $(@D)
	$(Q)$< --man >$@
$(B)/man/numabench-%.1: $(B)/$(LIBEXEC)/%
	@mkdir -p $(@D)
	$(Q)$< --man >$@

install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/$(LIBEXEC) $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/numabench
	install -m 755 $(B)/bin/numabench $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(filter-out $(B)/bin/%,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/$(LIBEXEC)
	install -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(wildcard man/*.7) $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 results/schema.json $(DESTDIR)$(PREFIX)/share/numabench

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(B)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
