# sizes.gp - curves over sizes: rates or times of copies, bandwidth and latency of caches and memory.
#
#     numabench report --format csv RESULT >cells.csv
#     gnuplot -c scripts/gnuplot/sizes.gp cells.csv h2d.svg
#     gnuplot -c scripts/gnuplot/sizes.gp cells.csv wait.svg "test=gpu-latency metric=host-latency direction=d2h memory=pinned"
#     gnuplot -c scripts/gnuplot/sizes.gp cells.csv caches.png "test=mem-latency metric=latency"
#     gnuplot -c scripts/gnuplot/sizes.gp cells.csv node0.png "test=mem-bandwidth cpu_node=0 mem_node=0"
#
# What is wanted is said by columns of the table: without, pinned copies to the device. Of several
# results in one table the first is drawn, or the one that run=ID names. A picture whose name ends
# neither in .svg nor in .png is made as both. gnuplot 5.4 or later.

csv = ARG1; picture = ARG2; want = ARG3
usage = "usage: gnuplot -c sizes.gp CELLS.csv PICTURE.svg [\"COLUMN=VALUE ..\"]"
folder = ARG0[:strlen(ARG0) - strlen("sizes.gp")]
if (want eq "") { want = "test=gpu-bandwidth metric=bandwidth direction=h2d memory=pinned" }
x = "bytes"; x_factor = 1; with_x = "bytes"
x_log = 1; x_label(v) = size_label(v)
y_log = strstrt(want, "latency") > 0
of_gpu = strstrt(want, "test=gpu-") > 0
fits(a) = 1
x_name = of_gpu ? "size of one copy" : y_log ? "working set" : "size of one array"
title_of(a) = of_gpu ? wanted("memory")." ".wanted("direction").(wanted("metric") eq "bandwidth" ? "" : \
	" ".wanted("metric")) : y_log ? wanted("metric")." of memory" : \
	"bandwidth out of caches and memory".(wanted("mem_node") eq "" ? "" : ", ".node_words(wanted("cpu_node"), wanted("mem_node")))
load folder."curves.gp"
