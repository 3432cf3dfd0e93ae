/* A form that was sent is not sent again by a second press. Without this script the server's own rules hold. */
"use strict";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
  if (form.dataset.sent === "yes") { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  // A page that comes back from the browser's memory may be sent again.
  window.addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
});
