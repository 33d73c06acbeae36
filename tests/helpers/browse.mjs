// browse.mjs PAGE.. - opens pages of HTML in headless Chromium and tells what it finds, a line each:
// "PASS what" or "FAIL what: why". With AXE=axe.min.js an accessibility check of all but very large
// ones, too; with SHOTS=FOLDER a picture of each in all widths. Spoken to through a pipe; needs
// nothing but node and chromium.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const axe = process.env.AXE ? readFileSync(process.env.AXE, "utf8") : "";
const profile = mkdtempSync(join(tmpdir(), "browse-"));
const chromium = spawn(process.env.CHROMIUM || "chromium",
	["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
		"--disable-dev-shm-usage", "--user-data-dir=" + profile],
	{ stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const AXE_MOST = 20000; // elements: more are slow, and nothing new
const waiting = new Map();
let number = 0, received = "", events = [], session;

chromium.stdio[4].setEncoding("utf8");
chromium.stdio[4].on("data", text => {
	received += text;
	for (let end; (end = received.indexOf("\0")) >= 0; received = received.slice(end + 1)) {
		const message = JSON.parse(received.slice(0, end));
		if (message.id)
			waiting.get(message.id)(message);
		else
			events.push(message);
	}
});
const send = (method, params = {}) => new Promise((done, failed) => {
	waiting.set(++number, m => m.error ? failed(new Error(method + ": " + m.error.message)) : done(m.result));
	chromium.stdio[3].write(JSON.stringify({ id: number, method, params, sessionId: session }) + "\0");
});
const evaluate = async expression => {
	const answer = await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
	if (answer.exceptionDetails)
		throw new Error(answer.exceptionDetails.exception?.description || expression);
	return answer.result.value;
};
const of = method => events.filter(e => e.method === method).map(e => e.params);
const tell = (good, what, why) => console.log(good ? `PASS ${what}` : `FAIL ${what}: ${why}`);
const press = async key => {
	for (const type of ["keyDown", "keyUp"])
		await send("Input.dispatchKeyEvent", { type, key, code: key });
};

async function look(media, width, scheme) {
	await send("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 });
	await send("Emulation.setEmulatedMedia", { media, features: scheme ? [{ name: "prefers-color-scheme", value: scheme }] : [] });
}

async function open(page, width, scheme) {
	events = [];
	await look("screen", width, scheme);
	await send("Page.navigate", { url: "file://" + page });
	for (let i = 0; i < 200 && !of("Page.loadEventFired").length; i++)
		await new Promise(done => setTimeout(done, 25));
}

// Nothing is said, asked for or thrown, and nothing is wider than the window.
async function quiet(name, width) {
	const said = [...of("Log.entryAdded").map(e => e.entry.text), ...of("Runtime.exceptionThrown").map(e => e.exceptionDetails.text),
		...of("Runtime.consoleAPICalled").map(e => JSON.stringify(e.args)), ...of("Page.javascriptDialogOpening").map(e => e.message)];
	const asked = of("Network.requestWillBeSent").map(e => e.request.url).filter(u => !u.startsWith("data:")).slice(1);
	const wide = await evaluate("document.documentElement.scrollWidth");
	tell(!said.length, `${name}: the console stays empty`, said.join("; "));
	tell(!asked.length, `${name}: nothing is asked of anybody`, asked.join(" "));
	tell(wide <= width, `${name}: no sideways scrolling`, `${wide} px`);
}

// No text of a drawing lies on another or leaves the card that it is in; letters may touch.
async function apart(name) {
	const found = await evaluate(`[...document.querySelectorAll("figure svg")].flatMap(svg => {
		const edge = svg.closest("section").getBoundingClientRect();
		const texts = [...svg.querySelectorAll("text")].filter(t => t.textContent).map(t => [t.textContent, t.getBoundingClientRect()]);
		const on = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.35 * Math.min(a.height, b.height);
		return texts.flatMap(([text, at], i) => [
			...texts.slice(i + 1).filter(([, other]) => on(at, other)).map(([other]) => text + " on " + other),
			...(at.left < edge.left || at.right > edge.right ? [text + " leaves"] : [])]);
	}).slice(0, 5)`);
	tell(!found.length, `${name}: drawings are clear`, found.join("; "));
}

// On paper nothing is wider than the page, which is A4, and lies on its side for wide tables.
async function printed(name) {
	for (const [width, which] of [[703, "section:not(:has(.wide))"], [1032, "section:has(.wide)"]]) {
		await look("print", width);
		const wide = await evaluate(`[...document.querySelectorAll("${which}")].filter(s => s.scrollWidth > ${width}).map(s => s.id + " " + s.scrollWidth)`);
		tell(!wide.length, `${name}: nothing is wider than the page`, wide.join("; "));
	}
}

async function accessible(name) {
	if (!axe || await evaluate("document.querySelectorAll('*').length") > AXE_MOST)
		return;
	await evaluate(axe + ";0");
	// Of what is there many times over, the first few are enough, and all are minutes of work.
	await evaluate("document.querySelectorAll('tr:nth-child(n+6), :is(td, th):nth-child(n+7), li:nth-child(n+6), figure:nth-child(n+4), dl > div:nth-child(n+8)').forEach(e => e.remove())");
	await evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })");
	const found = await evaluate("axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations.map(v => v.id + ' (' + v.nodes.length + ': ' + v.nodes[0].html.slice(0, 160) + ' ' + v.nodes[0].failureSummary.slice(0, 200) + ')'))");
	tell(!found.length, `${name}: accessible, says axe-core`, found.join("; "));
}

// By keyboard alone: figures by arrows, and what is told of them; every drawing has words.
async function reachable(name) {
	const first = await evaluate("(() => { const c = document.querySelector('td[data-is]'); if (!c) return ''; c.focus(); return c.dataset.is })()");
	if (first) {
		const told = "document.querySelector('.readout').textContent";
		tell(await evaluate(told) === first, `${name}: a figure with the focus is told in full`, await evaluate(told));
		await press("ArrowRight");
		tell(await evaluate("document.activeElement.matches('td[data-is]') && document.activeElement.dataset.is === " + told),
			`${name}: arrows go from figure to figure`, await evaluate("document.activeElement.outerHTML"));
	}
	const mute = await evaluate("[...document.querySelectorAll('svg')].filter(s => !s.getAttribute('aria-hidden') && !(s.getAttribute('role') === 'img' && s.getAttribute('aria-label'))).length");
	tell(mute === 0, `${name}: every drawing is told in words, too`, `${mute} are not`);
	const copied = await evaluate("(() => { const b = document.querySelector('button.copy'); if (!b) return null; b.click(); return String(getSelection()) === b.previousElementSibling.textContent && !b.hidden })()");
	tell(copied !== false, `${name}: a line to paste is taken by its button`, "it is not");
}

async function main() {
	const target = await send("Target.createTarget", { url: "about:blank" });
	session = (await send("Target.attachToTarget", { targetId: target.targetId, flatten: true })).sessionId;
	for (const domain of ["Page", "Log", "Runtime", "Network"])
		await send(domain + ".enable");
	for (const page of process.argv.slice(2))
		for (const [width, scheme] of [[320, "light"], [768, "dark"], [1440, "dark"]]) {
			const name = `${basename(page, ".html")}, ${width} px, ${scheme}`;
			await open(page, width, scheme);
			await quiet(name, width);
			if (process.env.SHOTS) {
				const shot = await send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
				writeFileSync(join(process.env.SHOTS, name.replace(/, /g, "-") + ".png"), Buffer.from(shot.data, "base64"));
			}
			await apart(name);
			if (width === 1440) {
				await reachable(name);
				await printed(`${basename(page, ".html")}, printed`);
				await look("screen", width, scheme);
			}
			if (width !== 768)
				await accessible(name);
		}
	await open(process.argv[2], 1440, "light");
	await send("Emulation.setEmulatedMedia", { media: "", features: [] });
	const pdf = Buffer.from((await send("Page.printToPDF", { printBackground: true })).data, "base64");
	tell(pdf.length > 10000, "it can be printed", `${pdf.length} bytes`);
	if (process.env.SHOTS)
		writeFileSync(join(process.env.SHOTS, "print.pdf"), pdf);
}

let code = 0;
try {
	await main();
} catch (e) {
	console.log("FAIL the browser: " + e.message);
	code = 1;
}
// Its children may still write for a moment.
chromium.on("exit", () => { rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }); process.exit(code); });
session = undefined;
send("Browser.close").catch(() => chromium.kill());
