// The form of a file: Tab indents (Escape, then Tab leaves the field), a problem's place leads to its line, and what was
// written is not left behind by accident.

const field = document.getElementById("text");

/** Selects what stands at a line and column, and scrolls there. */
function show(line, column) {
  const lines = field.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const end = start + (lines[line - 1] || "").length;
  field.focus();
  field.setSelectionRange(Math.min(start + column - 1, end), end);
  field.scrollTop = (line - 4) * parseFloat(getComputedStyle(field).lineHeight);
}

let leaving = false;

function typed(event) {
  if (event.key === "Escape") leaving = true;
  if (event.key !== "Tab" || event.shiftKey || leaving) {
    if (event.key !== "Escape" && event.key !== "Tab" && event.key !== "Shift") leaving = false;
    return;
  }
  event.preventDefault();
  document.execCommand("insertText", false, "  "); // keeps undo
}

if (field) {
  const before = field.value;
  let sent = false;
  field.form.addEventListener("submit", () => (sent = true));
  field.addEventListener("keydown", typed);
  field.addEventListener("blur", () => (leaving = false));
  window.addEventListener("beforeunload", (event) => {
    if (!sent && field.value !== before) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const place = event.target.closest("[data-line]");
    if (!place) return;
    event.preventDefault();
    show(Number(place.dataset.line), Number(place.dataset.column));
  });
}
