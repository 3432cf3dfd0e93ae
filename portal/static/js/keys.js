/* Keys for who works here all day: a letter presses its button, G and a letter goes somewhere, J and K walk the rows.
   Not loaded at all when a person has turned keys off. */
"use strict";
(() => {
  const ROWS = ".calls > li, .waits li, .lines > li, .table.rec tbody tr";
  let going = false;
  let at = -1;

  const typing = (target) => target instanceof Element
    && target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;

  const press = (selector) => {
    const found = document.querySelector(selector);
    if (!(found instanceof HTMLElement)) return false;
    found.focus();
    found.click();
    return true;
  };

  const walk = (step) => {
    const rows = [...document.querySelectorAll(ROWS)];
    if (!rows.length) return false;
    rows[at]?.classList.remove("at");
    at = Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[at].classList.add("at");
    rows[at].scrollIntoView({ block: "nearest" });
    const first = rows[at].querySelector("a, button, input");
    if (first instanceof HTMLElement) first.focus();
    return true;
  };

  const help = () => {
    const keys = document.getElementById("keys");
    if (!(keys instanceof HTMLDetailsElement)) return false;
    keys.open = true;
    keys.querySelector("summary")?.focus();
    return true;
  };

  const answer = (key) => {
    if (going) { going = false; return press(`[data-go="${key}"]`); }
    if (key === "g") { going = true; return true; }
    if (key === "/") { const field = document.getElementById("q"); field?.focus(); return field !== null; }
    if (key === "?") return help();
    if (key === "j") return walk(1);
    if (key === "k") return walk(-1);
    return press(`[data-key="${key}"]`);
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (!/^[a-z0-9/?]$/.test(key)) return;
    if (answer(key)) event.preventDefault();
  });
})();
