/* A page that only waits for one press presses it itself; without this script the button is there. */
"use strict";
document.querySelector("form[data-post-itself]")?.requestSubmit();
