// Conveniences only: every page works without them.
"use strict";

const copyWithin = (root) => {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.onclick = async () => {
      const text = button.previousElementSibling.textContent;
      await navigator.clipboard.writeText(text);
      const word = button.textContent;
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = word; }, 1500);
    };
  }
};

// A part marked data-refresh="seconds" is asked for again and again, unless the reader stopped it.
const refresh = () => {
  const part = document.querySelector("[data-refresh]");
  const stop = document.querySelector("button.stop");
  if (!part || !stop) return;
  let going = true;
  stop.hidden = false;
  stop.onclick = () => {
    going = !going;
    stop.setAttribute("aria-pressed", String(!going));
    stop.textContent = going ? stop.dataset.stop : stop.dataset.go;
  };
  const again = async () => {
    if (!going || document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { headers: { "X-Reactor-Refresh": "1" } });
      if (answer.redirected) { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = fresh.querySelector("[data-refresh]");
      if (found) { part.replaceChildren(...found.childNodes); copyWithin(part); }
    } catch { /* the server is away for a moment: the next round asks again */ }
  };
  setInterval(again, 1000 * Number(part.dataset.refresh));
};

copyWithin(document);
refresh();
