#!/usr/bin/env bash
# The CPU kernels and what they stand on, compiled for AArch64 and run in emulation: are they right?
# How fast they are, emulation cannot tell.
. tests/lib.sh
cross=aarch64-linux-gnu-gcc
need "$cross" qemu-aarch64
kernels=(bench/kernels/{stream,stream_portable,stream_string,stream_avx2,stream_avx512,stream_neon}.c
    bench/kernels/{stream_data,chase,pingpong}.c)
under=(lib/place/threads.c lib/measure/{clock,timing}.c lib/result/statistics.c
    lib/machine/{sysroot,sysroot_live}.c lib/util/{idset,err}.c)
flags=(-std=gnu11 -O2 -Wall -Wextra -Wimplicit-fallthrough -Wshadow -Wconversion -Werror -D_GNU_SOURCE
    -Ilib -Ibench -pthread -static)

run "$cross" "${flags[@]}" tests/helpers/verify-kernels.c "${kernels[@]}" "${under[@]}" -lm \
    -o "$TEST_TMP/verify-kernels"
is "$rc" 0 "the kernels compile for AArch64 without a warning" || diag "$err"
[ "$rc" -eq 0 ] || { done_testing && exit; }

RUN_TIMEOUT=300 run qemu-aarch64 "$TEST_TMP/verify-kernels"
is "$rc" 0 "verify-kernels ends well" || diag "$err"
is "$(grep '^not ok' <<<"$out")" "" "and finds nothing wrong"
for row in read-neon triad-neon-nt update-neon-prefetch copy-portable; do
    like "$out" "^ok [0-9]+ - $row\$" "$row was verified"
done
unlike "$out" 'avx|movsb' "no rows of another processor family"
like "$out" '^ok [0-9]+ - chase of 9841 lines' "a chase was verified"
diag "$(grep -c '^ok' <<<"$out") verified, $(grep -c SKIP <<<"$out") skipped"
done_testing
