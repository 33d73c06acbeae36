# threads.gp - memory bandwidth over the number of threads, a line a node.
#
#     numabench report --format csv RESULT >cells.csv
#     gnuplot -c scripts/gnuplot/threads.gp cells.csv threads.svg
#     gnuplot -c scripts/gnuplot/threads.gp cells.csv copy.png "test=mem-bandwidth metric=copy"
#
# What is wanted is said by columns of the table: without, the kernel triad. Of several results in
# one table the first is drawn, or the one that run=ID names. A picture whose name ends neither in
# .svg nor in .png is made as both. gnuplot 5.4 or later.

csv = ARG1; picture = ARG2; want = ARG3
usage = "usage: gnuplot -c threads.gp CELLS.csv PICTURE.svg [\"COLUMN=VALUE ..\"]"
folder = ARG0[:strlen(ARG0) - strlen("threads.gp")]
if (want eq "") { want = "test=mem-bandwidth metric=triad" }
x = "threads"; x_factor = 1; with_x = "threads"
x_name = "threads"; x_log = 0; y_log = 0
fits(a) = 1
title_of(a) = "memory bandwidth, ".wanted("metric")
load folder."curves.gp"
