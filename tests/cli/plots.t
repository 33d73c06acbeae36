#!/usr/bin/env bash
# Plots: all that a result is worth, by `report --plots` and by hand, with the figures of the table;
# and what is said where there are none.
. tests/lib.sh

need gnuplot python3 xmllint
made=tests/helpers/made-result
report=$(command_path report)
scripts=scripts/gnuplot
[ -e "$BUILD/share/numabench/gnuplot/matrix.gp" ] || bail "the build folder has no scripts; make it"
for kind in 2x2 2x8 8x16 no-gpu failing hostile; do
	"$made" "$kind" >"$TEST_TMP/$kind.json" || bail "made-result $kind"
done
cp tests/fuzz/corpus/result/all "$TEST_TMP/real.json" # a run as it was

# svg_texts FILE: all texts of a picture.
svg_texts() {
	sed -n 's/.*<text>\(<tspan[^>]*>\)\?\([^<]*\).*/\2/p' "$1"
}

# ---- all of a result; of the second, as it is installed, and somewhere odd ----
prefix="$TEST_TMP/it's \"here\""
mkdir -p "$prefix/libexec/numabench" "$prefix/share/numabench"
cp "$report" "$prefix/libexec/numabench"
cp -r "$scripts" "$prefix/share/numabench"
for kind in 2x2 real; do
	[ "$kind" = 2x2 ] && program=$report || program=$prefix/libexec/numabench/report
	run "$program" --plots "$TEST_TMP/$kind" --output "$TEST_TMP/$kind.txt" "$TEST_TMP/$kind.json"
	is "$rc" 0 "$kind: plots are made"
	is "$err" "numabench report: $(find "$TEST_TMP/$kind" -name '*.svg' | wc -l) plots in $TEST_TMP/$kind" "$kind: gnuplot has nothing to say"
	is "$(find "$TEST_TMP/$kind" -mindepth 1 ! -name '*.png' ! -name '*.csv' -printf '%f\n' | sed 's/\.svg$//' | sort)" \
		"$(find "$TEST_TMP/$kind" -name '*.png' -printf '%f\n' | sed 's/\.png$//' | sort)" "$kind: each as SVG and PNG, and nothing is left over"
	ok xmllint --noout "$TEST_TMP/$kind"/*.svg -- "$kind: the SVGs are XML"
	is "$(python3 -c '
import struct, sys, zlib
for path in sys.argv[1:]:
    png = open(path, "rb").read()
    at, data = 8, b""
    while at < len(png):
        n, name = struct.unpack(">I4s", png[at:at + 8])
        data += png[at + 8:at + 8 + n] if name == b"IDAT" else b""
        at += 12 + n
    width = struct.unpack(">I", png[16:20])[0]
    if png[:4] != b"\x89PNG" or width != 1280 or len(set(zlib.decompress(data))) < 16:
        print(path, width)' "$TEST_TMP/$kind"/*.png)" "" "$kind: the PNGs show something"
	like "$(cat "$TEST_TMP/$kind"/distribution-*.svg)" \
		"$([ "$kind" = real ] && echo '<text>latency of memory' || echo '<text>SIMULATED: ')" "$kind: the titles say what it is, and whether it is simulated"
done
unlike "$(cat "$TEST_TMP"/real/*.svg)" SIMULATED "a real run is not called simulated"
# Rows whose texts gnuplot takes to pieces wrongly are in the pictures, more sizes than anybody measures, time lines without a figure.
jq '.records |= map(.status = "unstable" | .reason = "it said \"no\", and so on" | .kernel = "a\"b\", c")' "$TEST_TMP/2x2.json" >"$TEST_TMP/quoted.json"
jq '[.records[] | select(.test == "gpu-bandwidth" and .memory == "pinned")][0] as $r | .records = [range(100) as $k | range(2) as $g | $r + { gpu: $g, bytes: (4096 * ($k + 1)) }]
	+ [.records[] | select(.timeline) | .timeline.windows[].rate = null]' "$TEST_TMP/2x2.json" >"$TEST_TMP/sizes.json"
for kind in quoted sizes; do
	run "$report" --plots "$TEST_TMP/$kind" --output "$TEST_TMP/$kind.txt" "$TEST_TMP/$kind.json"
	is "$rc $err" "0 numabench report: $(find "$TEST_TMP/$kind" -name '*.svg' | wc -l) plots in $TEST_TMP/$kind" "$kind: gnuplot has nothing to say"
done
is "$(cd "$TEST_TMP/quoted" && ls -- *.svg)" "$(cd "$TEST_TMP/2x2" && ls -- *.svg)" "quotes and commas: every plot is there"
is "$(svg_texts "$TEST_TMP/quoted/matrix-gpu-bandwidth-h2d-pinned.svg" | grep -cE '^[0-9.]+ \?$')" 4 "with all of its figures"
is "$(cd "$TEST_TMP/sizes" && echo *.svg)" "matrix-gpu-bandwidth-h2d-pinned.svg sizes-gpu-bandwidth-h2d-pinned.svg" "a hundred sizes are drawn, nothing is not"
is "$(for f in "$TEST_TMP"/2x2/*.svg; do f=${f##*/}; echo "${f%%-*}"; done | sort | uniq -c | xargs)" \
	"3 distribution 1 load 9 matrix 5 sizes 1 threads 2 timeline" "every kind of plot is there"

# ---- by hand, from the same table: the same picture ----
run "$report" --format csv --output "$TEST_TMP/cells.csv" "$TEST_TMP/2x2.json"
ok cmp "$TEST_TMP/cells.csv" "$TEST_TMP/2x2/cells.csv" -- "the table is that of --format csv"
for pair in 'matrix matrix-gpu-bandwidth-h2d-pinned' 'sizes sizes-gpu-bandwidth-h2d-pinned' \
	'threads threads-mem-bandwidth-triad' 'load load-mem-latency-loaded-latency' \
	'distribution distribution-gpu-latency-host-latency-h2d-pinned'; do
	run gnuplot -d -c "$scripts/${pair% *}.gp" "$TEST_TMP/cells.csv" "$TEST_TMP/hand.svg"
	is "$rc$out$err" 0 "${pair% *}: drawn by hand without a word"
	ok cmp "$TEST_TMP/hand.svg" "$TEST_TMP/2x2/${pair#* }.svg" -- "and the same"
done

# ---- the figures are the table's ----
# figures PICTURE TABLE KIND: what a picture says that the table does not, and the other way round.
figures() {
	python3 -c '
import csv, re, sys
picture, table, kind = sys.argv[1:]
rows = list(csv.DictReader(open(table, encoding="utf-8", newline="")))
texts, place = [], (0, 0)
for line in open(picture, encoding="utf-8"):
    moved = re.search(r"translate\(([-\d.]+),([-\d.]+)\)", line)
    place = (float(moved[1]), float(moved[2])) if moved else place
    said = re.search(r"<text>(.*)</text>", line)
    if said:
        texts.append((place, said[1].replace("<tspan", "").strip()))
if kind == "latency":
    wanted = [r for r in rows if r["test"] == "gpu-latency" and r["direction"] == "h2d" and r["bytes"] == "8"]
    wanted.sort(key=lambda r: (int(r["gpu"]), int(r["mem_node"])))
    shown = [t for _, t in texts if re.fullmatch(r"(→ )?\d+(\.\d)?", t)][:3 * len(wanted) + 12]
    told = ["%.1f" % (float(r[k]) * 1e6) for r in wanted for k in ("p50", "p99")]
    print("not shown:", [t for t in told if t not in shown]) if any(t not in shown for t in told) else print("same")
    sys.exit()
if kind == "copies":
    wanted = {(int(r["mem_node"]), int(r["gpu"])): r for r in rows if r["test"] == "gpu-bandwidth" and
              r["direction"] == "h2d" and r["memory"] == "pinned" and r["bytes"] == "67108864"}
    scale = 1e9
else:
    wanted = {(int(r["mem_node"]), int(r["cpu_node"])): r for r in rows if r["test"] == "mem-latency" and
              r["metric"] == "latency" and r["bytes"] == "4294967296"}
    scale = 1e-9
cells = [(p, t) for p, t in texts if re.fullmatch(r"\d+\.\d( .)?|skip|mispl|unprv|fail|t/out|crash|CORR", t)]
across = sorted({p[0] for p, _ in cells})
down = sorted({p[1] for p, _ in cells})
lines = sorted({n for n, _ in wanted})
columns = sorted({g for _, g in wanted})
# A word stands in the middle of its field, a figure a little above.
down = [y for i, y in enumerate(down) if i == 0 or y - down[i - 1] > 20]
words = {"failed": "fail", "crashed": "crash", "timeout": "t/out", "misplaced": "mispl", "skipped": "skip",
         "unproven": "unprv", "corrupt": "CORR"}
shown = {}
for (x, y), t in cells:
    row = max(i for i, at in enumerate(down) if at <= y + 1)
    shown[lines[row], columns[across.index(x)]] = t.split(" ")[0]
told = {k: "%.1f" % (float(r["median"]) / scale) if r["median"] else words[r["status"]] for k, r in wanted.items()}
print("same" if shown == told and len(told) > 3 else "shown %s, told %s" % (sorted(shown.items()), sorted(told.items())))' "$@"
}
is "$(figures "$TEST_TMP/2x2/matrix-gpu-bandwidth-h2d-pinned.svg" "$TEST_TMP/cells.csv" copies)" same "2x2: node x GPU"
is "$(figures "$TEST_TMP/2x2/matrix-mem-latency-latency.svg" "$TEST_TMP/cells.csv" nodes)" same "2x2: node x node"
is "$(figures "$TEST_TMP/2x2/distribution-gpu-latency-host-latency-h2d-pinned.svg" "$TEST_TMP/cells.csv" latency)" same "2x2: quantiles"
for kind in 2x8 8x16 failing hostile; do
	run "$report" --format csv --output "$TEST_TMP/$kind.csv" "$TEST_TMP/$kind.json"
	run gnuplot -d -c $scripts/matrix.gp "$TEST_TMP/$kind.csv" "$TEST_TMP/$kind.svg"
	is "$rc$err" 0 "$kind: a heat map"
	is "$(figures "$TEST_TMP/$kind.svg" "$TEST_TMP/$kind.csv" copies)" same "$kind: node x GPU"
done
like "$(svg_texts "$TEST_TMP/2x8.svg")" '^55\.[0-9] \+$' "the best of a column has a +, not a colour alone"
like "$(svg_texts "$TEST_TMP/2x8.svg")" '^±0\.[0-9]' "and figures their intervals"
run "$report" --format csv --output "$TEST_TMP/no-gpu.csv" "$TEST_TMP/no-gpu.json"
run gnuplot -d -c $scripts/matrix.gp "$TEST_TMP/no-gpu.csv" "$TEST_TMP/no.svg"
is "$rc" 1 "no GPU, no heat map of them"
like "$err" 'no-gpu.csv: no row of it has test=gpu-bandwidth' "and it is said what was looked for"
run gnuplot -d -c $scripts/matrix.gp "$TEST_TMP/2x2/moves.csv" "$TEST_TMP/no.svg"
is "$rc" 1 "another table is refused"
like "$err" 'numabench report --format csv writes' "with what is right"

# ---- names are never commands ----
mkdir "$TEST_TMP/cwd"
python3 - "$TEST_TMP" <<'PY'
import json, sys
doc = json.load(open(sys.argv[1] + "/hostile.json"))
doc["run"]["id"] = "`touch ran`@x {/Bold %s}\" ; system('touch ran') #\\n'"
doc["records"] = [r for r in doc["records"] if r["test"] in ("gpu-bandwidth", "mem-latency", "migration")]
for r in doc["records"]:
    if r["test"] == "mem-latency" and r["metric"] == "latency":
        r["kernel"] = "`touch ran`\" . system('touch ran')"[:31]
    if r.get("load_step") is not None:
        r["metric"] = "`touch ran`'\" x"
json.dump(doc, open(sys.argv[1] + "/evil.json", "w"))
PY
root=$PWD
cd "$TEST_TMP/cwd" || exit 1
run "$report" --plots '|touch ran;' --output ../evil.txt ../evil.json
is "$rc" 0 "a hostile run into a hostile folder"
is "$err" "numabench report: 11 plots in |touch ran;" "but for what cannot be named"
is "$(ls)" '|touch ran;' "nothing ran"
is "$(find .. -name ran)" "" "nowhere"
is "$(find . -name '*.svg' | wc -l) $(find . -name '*.png' | wc -l)" "11 11" "all are there"
ok xmllint --noout '|touch ran;'/*.svg -- "and it is XML still"
like "$(cat '|touch ran;/matrix-gpu-bandwidth-h2d-pinned.svg')" '`touch ran`@x {/Bold %s}' "the name is told as it is"
cd "$root" || exit 1

# ---- where there are none ----
mkdir "$TEST_TMP/bin"
run env PATH="$TEST_TMP/bin" "$report" --plots "$TEST_TMP/none" "$TEST_TMP/2x2.json"
is "$rc" 2 "no gnuplot: exit 2"
like "$err" 'gnuplot is not on PATH; install it' "and what to install"
like "$(tr '\n' ' ' <<<"$out")" 'No plots were drawn: .*gnuplot is not on *PATH.*SIMULATED' "the report is there, and says what is missing"
ok test ! -e "$TEST_TMP/none" -- "no folder is made for nothing"
run env PATH="$TEST_TMP/bin" "$report" --format html --plots "$TEST_TMP/none" "$TEST_TMP/2x2.json"
like "$out" 'No plots were drawn' "and so does the page"
printf '#!/bin/sh\necho gnuplot 4.6 patchlevel 0\n' >"$TEST_TMP/bin/gnuplot"
chmod +x "$TEST_TMP/bin/gnuplot"
run env PATH="$TEST_TMP/bin" "$report" --plots "$TEST_TMP/none" "$TEST_TMP/2x2.json"
is "$rc" 2 "an old one"
like "$err" 'is of version 4\.6; plots need 5\.4 or later' "is told"
printf '#!/bin/sh\n[ "$1" != --version ] || { echo gnuplot 5.4 patchlevel 4; exit 0; }\nexit 3\n' >"$TEST_TMP/bin/gnuplot"
run env PATH="$TEST_TMP/bin" "$report" --plots "$TEST_TMP/none" "$TEST_TMP/2x2.json"
is "$rc" 2 "one that fails"
like "$err" 'gnuplot could not draw matrix-gpu-bandwidth-h2d-pinned \(matrix\.gp\): exit status 3' "is told, with what it failed at"
is "$(ls -A "$TEST_TMP/none")" $'cells.csv\nmoves.csv' "the tables are there, and nothing half drawn"
run "$report" --plots "$TEST_TMP/2x2.json" "$TEST_TMP/2x2.json"
is "$rc" 2 "a file is no folder"
like "$err" "--plots $TEST_TMP/2x2.json: .*2x2.json: (Not a directory|File exists)" "and is named"
run "$report" --plots "$TEST_TMP/none" "$TEST_TMP/2x2.json" "$TEST_TMP/2x8.json" --format html
is "$rc" 2 "two results at once are refused"
like "$err" '--plots takes one RESULT' "and told why"
done_testing
