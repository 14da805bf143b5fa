// The list of causes, fetched again every two seconds. Without it the page has a link that does the same.
"use strict";

const EVERY_MS = 2000;
const list = document.getElementById("causes");
const state = document.getElementById("live-state");
const pause = document.getElementById("pause");
let paused = false;
// One question at a time, and what the last answer was: what the page has of it is written otherwise.
let busy = false;
let last = null;

// Without the times, which change all the time: what is new is read out, what is older is not again.
const said = (html) => html.replace(/<p class="soft">[^<]*<\/p>/g, "");

async function refresh() {
  // Nor while somebody is in the list with the keyboard: it would be taken away under them.
  if (paused || busy || document.hidden || list.contains(document.activeElement)) return;
  busy = true;
  try {
    const answer = await fetch("causes-list", { headers: { accept: "text/html" } });
    // A redirection leads to a page that is no list.
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    // The server has escaped all of it.
    const html = await answer.text();
    state.textContent = "Live.";
    if (html === last) return;
    list.setAttribute("aria-live", last === null || said(html) === said(last) ? "off" : "polite");
    list.innerHTML = html;
    last = html;
  } catch {
    state.textContent = "No answer. What is shown is older.";
  } finally {
    busy = false;
  }
}

pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  state.textContent = paused ? "Paused." : "Live.";
});
state.textContent = "Live.";
setInterval(refresh, EVERY_MS);
