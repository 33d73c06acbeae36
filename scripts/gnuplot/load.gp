# load.gp - latency of memory while other cores load it, over what they move, a line a node.
#
#     numabench report --format csv RESULT >cells.csv
#     gnuplot -c scripts/gnuplot/load.gp cells.csv load.svg
#     gnuplot -c scripts/gnuplot/load.gp cells.csv node0.png "test=mem-latency metric=loaded-latency cpu_node=0"
#
# What is wanted is said by columns of the table. Of several results in one table the first is drawn,
# or the one that run=ID names. A picture whose name ends neither in .svg nor in .png is made as
# both. gnuplot 5.4 or later.

csv = ARG1; picture = ARG2; want = ARG3
usage = "usage: gnuplot -c load.gp CELLS.csv PICTURE.svg [\"COLUMN=VALUE ..\"]"
folder = ARG0[:strlen(ARG0) - strlen("load.gp")]
if (want eq "") { want = "test=mem-latency metric=loaded-latency" }
x = "injected"; x_factor = 1e9; with_x = "bytes threads"
x_name = "load by the other cores, GB/s"; x_log = 0; y_log = 0
fits(a) = strcol("load_step") ne ""
title_of(a) = "latency of memory under load"
load folder."curves.gp"
