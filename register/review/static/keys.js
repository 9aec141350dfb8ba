// Keys for those who decide many pairs. Everything works without this file.
"use strict";

// A key that was meant for the pair before must not decide this one.
const SETTLE = 150;
const shown = performance.now();
let sent = false;

for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const typing = event.target.matches("input, textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const key = event.key.toLowerCase();
  const field = document.querySelector(`[data-key-focus="${CSS.escape(key)}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
    return;
  }
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (button && performance.now() - shown > SETTLE) {
    event.preventDefault();
    button.click();
  }
});
