
"use strict";
// What the page can do beyond being read: copy a line, walk through a table of figures.

function copied(button, worked) {
	button.firstChild.data = worked ? "copied" : "selected";
	setTimeout(function () { button.firstChild.data = "copy"; }, 2000);
}
function copy(button) {
	var code = button.previousElementSibling, range = document.createRange();
	range.selectNodeContents(code);
	getSelection().removeAllRanges();
	getSelection().addRange(range);
	if (navigator.clipboard && window.isSecureContext)
		navigator.clipboard.writeText(code.textContent).then(
			function () { copied(button, true); }, function () { copied(button, false); });
	else
		copied(button, document.execCommand("copy"));
}
document.querySelectorAll("button.copy").forEach(function (button) {
	button.hidden = false;
	button.addEventListener("click", function () { copy(button); });
});

// A table of figures is one stop of the tab key; arrows go on from there. What is pointed at is
// told in full at the foot of the window.
var told = document.createElement("p");
told.className = "readout";
told.setAttribute("role", "status");
document.body.appendChild(told);

function enter(table, cell) {
	table.querySelectorAll("td[tabindex='0']").forEach(function (c) { c.tabIndex = -1; });
	cell.tabIndex = 0;
	cell.focus();
}
document.querySelectorAll("table.heat").forEach(function (table, at) {
	var cells = table.querySelectorAll("td[data-is]"), hint;
	if (!cells.length)
		return;
	if (at === 0) {
		hint = document.createElement("p");
		hint.className = "hint";
		hint.textContent = "Point at a figure for all that is known of it, or go from figure to figure with the arrow keys.";
		table.parentNode.after(hint);
	}
	table.parentNode.removeAttribute("tabindex");
	cells.forEach(function (cell, i) {
		cell.tabIndex = i ? -1 : 0;
		cell.addEventListener("mouseenter", function () { told.textContent = cell.dataset.is; });
		cell.addEventListener("focus", function () { told.textContent = cell.dataset.is; });
		cell.addEventListener("mouseleave", function () { told.textContent = ""; });
		cell.addEventListener("blur", function () { told.textContent = ""; });
	});
	table.addEventListener("keydown", function (e) {
		var step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
		var cell = e.target.closest("td[data-is]"), row, next;
		if (!step || !cell)
			return;
		e.preventDefault();
		row = table.rows[cell.parentNode.rowIndex + step[0]];
		next = row && row.cells[cell.cellIndex + step[1]];
		if (next && next.dataset.is)
			enter(table, next);
	});
});
