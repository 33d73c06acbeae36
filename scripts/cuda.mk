# What there is of CUDA, where CUDA_HOME says. A toolkit makes what includes its headers, its absence gpu_none.c.
BUILT := without CUDA: no toolkit at build time
CUDA_SRC := $(shell grep -lE '^\#include (<cuda|"machine/gpu_parts.h")' lib/machine/*.c)
CUDART := $(firstword $(wildcard $(foreach d,lib64 lib targets/x86_64-linux/lib targets/sbsa-linux/lib,$(CUDA_HOME)/$(d)/libcudart_static.a)))
ifneq ($(and $(CUDART),$(wildcard $(CUDA_HOME)/include/cuda_runtime_api.h)),)
CUDA := $(shell sed -n 's/^\#define CUDART_VERSION *\([0-9]*\)$$/\1/p' $(CUDA_HOME)/include/cuda_runtime_api.h)
$(CUDA_SRC:%.c=$(B)/obj/%.o) $(B)/obj/tests/sim/%.o: private CPPFLAGS += -isystem $(CUDA_HOME)/include

# nvcc and a C++ compiler that it takes (preprocessing nothing tries both, in 0.1 s) make gpu_kernels.cu, else
# gpu_kernels_none.c takes its place.
NVCC := $(wildcard $(CUDA_HOME)/bin/nvcc)
KERNELS := $(and $(NVCC),$(shell $(NVCC) -ccbin $(lastword $(CXX)) -arch=all-major -E -x cu /dev/null -o /dev/null 2>/dev/null && echo yes))
BUILT := with CUDA runtime $(CUDA)$(if $(KERNELS), and GPU kernels,; no GPU kernels: $(if $(NVCC),nvcc is older than 11.5 or has no C++ compiler that it takes,no nvcc at build time))

# Machine code for every major generation that the toolkit knows, which the minor ones run too (CUDA 13: Turing, Ampere
# and Ada, Hopper, Blackwell); PTX of the newest for those to come; PTX of the oldest for one between them that was
# renumbered (Thor: 10.1 in CUDA 12, 11.0 in CUDA 13). 2 s and 118 KB; with all minor ones 3.3 s and 221 KB.
OLDEST := $(and $(KERNELS),$(shell $(NVCC) --list-gpu-arch | head -n 1))
NVCCFLAGS := -O2 -arch=all-major -gencode arch=$(OLDEST),code=$(OLDEST) -Wno-deprecated-gpu-targets --threads 2 \
	-ccbin $(lastword $(CXX)) -Xcompiler -fno-exceptions,-fno-threadsafe-statics,-Wall,-Wextra $(WERROR:-Werror=-Werror all-warnings)
endif
