#!/usr/bin/env bash
# The HTML report: one file that is valid, asks nothing of anybody, and is as well read by keyboard,
# by a screen reader and on a telephone; whatever names a result holds.
. tests/lib.sh

need jq python3
made=tests/helpers/made-result
report=$(command_path report)

# page NAME RESULT..: $TEST_TMP/NAME.html
page() {
	run "$report" --format html --output "$TEST_TMP/$1.html" "${@:2}"
	is "$rc" 0 "$1: it is written"
	[ -z "$err" ] || diag "$err"
}
for kind in 2x2 8x16 no-gpu incomplete hostile 2x8; do
	"$made" "$kind" >"$TEST_TMP/$kind.json" || bail "made-result $kind"
done
for kind in failing slower; do
	"$made" "$kind" 2x2 >"$TEST_TMP/$kind.json" || bail "made-result $kind"
done
for kind in 2x2 2x8 8x16 no-gpu incomplete failing hostile; do
	page "$kind" "$TEST_TMP/$kind.json"
done
page two "$TEST_TMP/2x2.json" "$TEST_TMP/slower.json"
page real tests/fuzz/corpus/result/all # a run as it was

# ---- the file itself ----
style=$(<lib/render/report.css)
for name in 2x2 hostile two; do
	html=$(<"$TEST_TMP/$name.html")
	unlike "${html//"$style"/}" '(src|href)="?(https?:)?//|@import|url\(' "$name: nothing is loaded from anywhere"
done
is "$(python3 -c '
import base64, hashlib, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
script = re.findall("<script>(.*?)</script>", page, re.S)
known = re.search("script-src .(sha256-[^\x27]*)", page).group(1)
real = "sha256-" + base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
print(len(script), "known" if real == known else "html_files.c should have " + real)' "$TEST_TMP/hostile.html")" \
	"1 known" "one script, and the page's policy knows it and no other"
unlike "$(<"$TEST_TMP/hostile.html")" '<script>alert|<img|'$'\xe2\x80\xae' "hostile names are text"
like "$(<"$TEST_TMP/hostile.html")" '&lt;script&gt;alert' "and are told"

# Every part of the report has its place on the page.
while read -r part; do
	grep -q "\.parts = {.*\"$part\"" lib/render/html.c || missing+=" $part"
done < <(sed -n 's/^\t{ "\([a-z-]*\)", .*/\1/p' lib/render/walk.c)
is "${missing-}" "" "no part of the report is left out"

# ---- what it says: the words and figures of the text report ----
COLUMNS=1000 run "$report" "$TEST_TMP/2x2.json"
is "$(python3 -c '
import html, re, sys
text = open(sys.argv[1], encoding="utf-8").read()
text = re.sub("<(style|script)>.*?</(style|script)>", "", text, flags=re.S)
text = " ".join(html.unescape(re.sub("<[^>]*>", " ", text)).split())
said = " ".join(sys.stdin.read().split())
# Sentences, labels and numbers; signs stand apart from their figures in one and not in the other.
words = lambda s: set(re.findall(r"[A-Za-z]{4,}|\d+\.\d+", s))
print(" ".join(sorted(words(said) - words(text))))' "$TEST_TMP/2x2.html" <<<"$out")" "" \
	"all words and figures of the text report are in it"
for wanted in 'SIMULATED: the GPU figures' 'class="machine"' '<svg' 'class="heat' '95 % interval' 'Time lines' 'Distributions' \
	'class="copy"' 'Provenance' 'All [0-9]+ cells'; do
	like "$(<"$TEST_TMP/2x2.html")" "$wanted" "it has: $wanted"
done
like "$(<"$TEST_TMP/two.html")" 'for the better, [1-9][0-9]* for the worse' "two results: what changed"
like "$(<"$TEST_TMP/two.html")" '580\.65\.06</td><td>590\.11' "two results: a condition that changed"
like "$(<"$TEST_TMP/incomplete.html")" 'incomplete: the run ended before' "incomplete: it says so"
like "$(<"$TEST_TMP/failing.html")" 'reseat the board' "failures: with their cures"
unlike "$(<"$TEST_TMP/no-gpu.html")" '>GPU [0-9]' "no GPU: none is spoken of"

run "$report" --format text "$TEST_TMP/2x2.json" "$TEST_TMP/2x8.json"
is "$rc" 2 "side by side as text: refused"
like "$err" 'takes one RESULT; html' "and told what can"

# ---- in a browser ----
if ! command -v chromium >/dev/null || ! command -v node >/dev/null; then
	skip "no chromium or no node here" 1
else
	for modules in "$BUILD/tools/node_modules" "$PWD/build/tools/node_modules"; do
		[ ! -d "$modules" ] || break # where scripts/install-packages puts them
	done
	axe=$modules/axe-core/axe.min.js
	if [ -e "$axe" ]; then export AXE=$axe; else skip "axe-core is not below build/tools"; fi
	while read -r verdict what; do
		case $verdict in
		PASS) pass "$what" ;;
		FAIL) fail "$what" ;;
		*) diag "$verdict $what" ;;
		esac
		last=$what
	done < <(timeout 300 node tests/helpers/browse.mjs "$TEST_TMP"/{hostile,failing,no-gpu,8x16,two,real}.html 2>&1)
	is "${last-}" "it can be printed" "the browser went through all pages"
	validate=$modules/.bin/html-validate
	if [ -x "$validate" ]; then
		echo '{ "root": true, "extends": ["html-validate:standard"], "rules": { "no-inline-style": "off" } }' >"$TEST_TMP/.htmlvalidate.json"
		out=$(cd "$TEST_TMP" && timeout 60 "$validate" ./*.html 2>&1)
		is "$?" 0 "valid HTML"
		diag "$(tail -n 20 <<<"$out")"
	else
		skip "html-validate is not below build/tools"
	fi
fi
done_testing
