// Pointer, wheel, keys and links.

function pin(event, jump = false) {
  view.pinned = event;
  if (jump) letGo();
  showDetail();
  measure();
  if (event && jump) reveal(event);
  noteAddress();
  draw();
}

// The address always leads back to what is seen, so that it can be sent to somebody.
function noteAddress() {
  const parts = view.pinned ? ["event=" + view.pinned.n] : [];
  if (view.scale.name === "time") parts.push("scale=time");
  try {
    history.replaceState(null, "", "#" + parts.join("&"));
  } catch (_) {
    // A browser may forbid it for files; the picture works without.
  }
}

// A link within the picture works also when the address names its aim already.
function followLink(event) {
  const link = event.target.closest("a[href^='#']");
  if (!link) return;
  event.preventDefault();
  follow(link.getAttribute("href").slice(1));
}

// Brings the event into the window, and ticks its kind if it was not ticked: who follows a link wants to see it.
function reveal(event) {
  if (!shown.is[event.index]) {
    shown.only = byId("only").checked = false;
    tick(event.type, true);
    if (event.beat) tick("heartbeat", true);
    tickNode(event.node);
    if (isMessage(event)) tickNode(event.to);
    rechoose();
    drawStrip();
  }
  const u = view.scale.at(event);
  const y = toY(u);
  if (y < 60 || y > view.height - 60) centre(u);
}

function step(direction, sameNode) {
  const usable = (event) => shown.is[event.index] && (!sameNode || event.node === view.pinned.node);
  let index = view.pinned ? view.pinned.index + direction : firstInWindow();
  while (index >= 0 && index < events.length && !usable(events[index])) index += direction;
  if (events[index]) pin(events[index], true);
}

function firstInWindow() {
  const index = events.findIndex((event) => shown.is[event.index] && view.scale.at(event) >= view.top);
  return index < 0 ? 0 : index;
}

function nextWhere(wanted, direction = 1) {
  const from = view.pinned ? view.pinned.index : -1;
  for (let k = 1; k <= events.length; k++) {
    const event = events[(from + direction * k + 2 * events.length) % events.length];
    if (wanted(event)) return pin(event, true);
  }
}

// What is under the pointer: the nearest sign, else the nearest arrow, else the text or the row.
function under(x, y) {
  const near = (list, far, limit) => {
    const best = list.map((item) => [far(item), item]).sort((a, b) => a[0] - b[0])[0];
    return best && best[0] <= limit ? best[1].event : null;
  };
  const label = x >= view.cols.text - 8 && near(drawn.labels, (item) => Math.abs(item.y - y), 9);
  return label || near(drawn.points, (item) => Math.hypot(item.x - x, item.y - y), 9) ||
    near(drawn.arrows, (item) => toSegment(item, x, y), 6) || null;
}

function toSegment({ x1, y1, x2, y2 }, x, y) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
  const part = clamp(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0, 1);
  return Math.hypot(x1 + part * (x2 - x1) - x, y1 + part * (y2 - y1) - y);
}

function spanUnder(x, y) {
  const hit = drawn.spans.find((place) => x >= place.left - 2 && x <= place.right + 2 && y >= place.top && y <= place.bottom);
  return hit && hit.item;
}

function hover(pointer) {
  const box = byId("plot").getBoundingClientRect();
  const [x, y] = [pointer.clientX - box.left, pointer.clientY - box.top];
  const event = under(x, y);
  const item = event ? null : spanUnder(x, y);
  byId("plot").style.cursor = event || item ? "pointer" : "";
  showTip(pointer, event ? tipFor(event) : item ? tipForSpan(item) : "");
  if (event !== view.hovered) {
    view.hovered = event;
    paint();
  }
}

// What is under the pointer is no longer what was there before the run moved.
function letGo() {
  view.hovered = null;
  byId("tip").hidden = true;
}

function showTip(pointer, html) {
  const tip = byId("tip");
  tip.hidden = html === "";
  if (tip.hidden) return;
  tip.innerHTML = html;
  const left = Math.min(pointer.clientX + 16, innerWidth - tip.offsetWidth - 8);
  const below = pointer.clientY + 18;
  const fits = below + tip.offsetHeight < innerHeight;
  tip.style.left = left + "px";
  tip.style.top = (fits ? below : pointer.clientY - tip.offsetHeight - 12) + "px";
}

function click(pointer) {
  const box = byId("plot").getBoundingClientRect();
  const [x, y] = [pointer.clientX - box.left, pointer.clientY - box.top];
  const item = spanUnder(x, y);
  const event = under(x, y) || (item && events[indexOf.get(item.from[1])]);
  pin(event || null);
}

// A drag moves the run; a drag on the times at the left chooses what is to fill the window.
function startDrag(down) {
  if (down.button !== 0) return;
  const plot = byId("plot");
  const box = plot.getBoundingClientRect();
  const onTimes = down.clientX - box.left < GUTTER - 8;
  const from = toU(down.clientY - box.top);
  let y = down.clientY;
  let moved = false;
  plot.setPointerCapture(down.pointerId);
  plot.onpointermove = (move) => {
    moved = moved || Math.abs(move.clientY - down.clientY) > 4;
    if (moved && !onTimes) pan(y - move.clientY);
    if (!moved || !onTimes) y = moved ? move.clientY : y;
  };
  plot.onpointerup = (up) => {
    plot.onpointermove = hover;
    plot.onpointerup = null;
    if (!moved) click(up);
    else if (onTimes) fitBetween(from, toU(up.clientY - box.top));
  };
}

function wheel(event) {
  const lines = event.deltaMode === 1 ? 18 : 1;
  const y = event.clientY - byId("plot").getBoundingClientRect().top;
  if (event.ctrlKey || event.metaKey || event.altKey) {
    event.preventDefault();
    letGo();
    zoom(Math.exp(-event.deltaY * lines * 0.003), y);
  } else if (Math.abs(event.deltaY) > Math.abs(event.deltaX) && !event.shiftKey) {
    letGo();
    if (pan(event.deltaY * lines)) event.preventDefault();
  }
}

function key(event) {
  const typing = event.target.tagName === "INPUT" && event.target.type === "search";
  if (event.key === "Escape") return typing ? event.target.blur() : pin(null);
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const page = view.height * 0.8;
  const keys = {
    j: () => step(1, false), ArrowDown: () => step(1, event.shiftKey), J: () => step(1, true),
    k: () => step(-1, false), ArrowUp: () => step(-1, event.shiftKey), K: () => step(-1, true),
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: fit,
    v: () => nextWhere(isAlarm), t: () => toggleScale(), "/": () => byId("search").focus(),
    PageDown: () => pan(page), PageUp: () => pan(-page), Home: () => centre(view.scale.first), End: () => centre(view.scale.last),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  letGo();
  keys[event.key]();
}
