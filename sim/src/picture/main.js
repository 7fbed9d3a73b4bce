// Ties it together, and opens at what the address asks for: #event=17, #t=12.5, with &scale=time and &span=0.01.

function tick(kind, on) {
  shown.kinds.set(kind, on);
  const box = document.querySelector(`input[data-kind="${kind}"]`);
  if (box) box.checked = on;
}

function tickNode(node) {
  shown.nodes[node] = true;
  const box = document.querySelector(`input[data-node="${node}"]`);
  if (box) box.checked = true;
}

function refresh() {
  rechoose();
  drawStrip();
  if (view.pinned) showDetail();
}

function toggleScale() {
  setScale(view.scale.name === "rows" ? "time" : "rows");
  noteAddress();
  paint();
  drawStrip();
}

function prepareFilters() {
  const noisy = events.length > MANY ? ["heartbeat", "idle"] : [];
  for (const box of document.querySelectorAll("input[data-kind]")) {
    shown.kinds.set(box.dataset.kind, true);
    tick(box.dataset.kind, !noisy.includes(box.dataset.kind));
    box.onchange = () => {
      shown.kinds.set(box.dataset.kind, box.checked);
      refresh();
    };
  }
  for (const box of document.querySelectorAll("input[data-node]")) {
    box.checked = true;
    box.onchange = () => {
      shown.nodes[Number(box.dataset.node)] = box.checked;
      refresh();
    };
  }
}

function prepareSearch() {
  const field = byId("search");
  field.value = "";
  byId("only").checked = false;
  field.oninput = () => {
    shown.search = field.value.trim().toLowerCase();
    refresh();
    const count = events.filter(matches).length;
    byId("matches").textContent = shown.search === "" ? "" : `${count} found`;
  };
  field.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    nextWhere(matches, event.shiftKey ? -1 : 1);
  };
  byId("only").onchange = () => {
    shown.only = byId("only").checked;
    refresh();
  };
}

function prepareButtons() {
  const on = (id, what) => { byId(id).onclick = what; };
  on("rows", () => view.scale.name === "rows" || toggleScale());
  on("time", () => view.scale.name === "time" || toggleScale());
  on("in", () => zoom(1.6));
  on("out", () => zoom(1 / 1.6));
  on("fit", fit);
  on("previous", (event) => step(-1, event.shiftKey && view.pinned));
  on("next", (event) => step(1, event.shiftKey && view.pinned));
  on("broken", () => nextWhere(isAlarm));
  byId("broken").hidden = !events.some(isAlarm);
  on("fold", () => {
    document.body.classList.toggle("folded");
    resize();
  });
}

function preparePlot() {
  const plot = byId("plot");
  plot.onpointerdown = startDrag;
  plot.onpointermove = hover;
  plot.onpointerleave = () => {
    letGo();
    paint();
  };
  plot.addEventListener("wheel", wheel, { passive: false });
  const strip = byId("strip");
  strip.onpointerdown = (event) => {
    strip.setPointerCapture(event.pointerId);
    stripDrag(event);
    strip.onpointermove = stripDrag;
  };
  strip.onpointerup = () => { strip.onpointermove = null; };
  document.addEventListener("keydown", key);
  document.addEventListener("click", followLink);
  window.addEventListener("hashchange", () => follow(location.hash.slice(1)));
  new ResizeObserver(resize).observe(byId("stage"));
}

function resize() {
  draw();
  drawStrip();
}

// Goes where the address says.
function follow(address) {
  const wanted = new URLSearchParams(address);
  const scale = wanted.get("scale");
  if ((scale === "time" || scale === "rows") && scale !== view.scale.name) toggleScale();
  const index = indexOf.get(Number(wanted.get("event")));
  const ns = Number(wanted.get("t")) * 1e9;
  if (wanted.has("event") && index !== undefined) pin(events[index], true);
  else if (wanted.has("t") && ns >= 0) showTime(ns, Number(wanted.get("span")) * 1e9);
}

function openRun() {
  resize();
  const address = location.hash.slice(1);
  follow(address);
  const asked = /\b(event|t)=/.test(address);
  if (!asked && events.some(isAlarm)) pin(events.find(isAlarm), true);
}

function showTime(ns, spanNs) {
  if (spanNs > 0) fitBetween(view.scale.instant(ns - spanNs / 2), view.scale.instant(ns + spanNs / 2));
  else centre(view.scale.instant(ns));
}

prepareFilters();
prepareSearch();
prepareButtons();
choose();
view.cols = columns();
setScale("rows");
preparePlot();
openRun();
