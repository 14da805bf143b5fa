// The list of causes, fetched again every two seconds. Without it the page has a link that does the same.
"use strict";

const EVERY_MS = 2000;
const list = document.getElementById("causes");
const state = document.getElementById("live-state");
const pause = document.getElementById("pause");
let paused = false;

// Without the times, which change all the time: what is new is read out, what is older is not again.
const said = (html) => html.replace(/<p class="soft">[^<]*<\/p>/g, "");

async function refresh() {
  if (paused || document.hidden) return;
  try {
    const answer = await fetch("causes-list", { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    // The server has escaped all of it.
    const html = await answer.text();
    if (html === list.innerHTML) return;
    list.setAttribute("aria-live", said(html) === said(list.innerHTML) ? "off" : "polite");
    list.innerHTML = html;
    state.textContent = "Live.";
  } catch {
    state.textContent = "No answer. What is shown is older.";
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
