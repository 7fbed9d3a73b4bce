// The strip at the left: the whole run, small, and which part of it is in the window.

const STRIP = 46;

function stripY(u) {
  const { first, last } = view.scale;
  return ((u - first) / (last - first)) * view.height;
}

function drawStrip() {
  const strip = byId("strip");
  strip.setAttribute("width", STRIP);
  strip.setAttribute("height", view.height);
  strip.innerHTML = stripDensity() + stripSpans() + stripSigns() + `<rect id="window" x="0.5" width="${STRIP - 1}"/>`;
  drawWindow();
}

// How much happens where: the length of each line goes with the root of the number of events.
function stripDensity() {
  const bins = new Map();
  for (const event of events) {
    if (!shown.is[event.index]) continue;
    const bin = Math.round(stripY(view.scale.at(event)) / 2) * 2;
    bins.set(bin, (bins.get(bin) || 0) + 1);
  }
  const most = Math.sqrt(Math.max(1, ...bins.values()));
  const lines = [...bins].map(([y, count]) => `M0 ${y}h${((Math.sqrt(count) / most) * (STRIP - 16)).toFixed(1)}`);
  return `<path class="density" d="${lines.join("")}"/>`;
}

function stripSpans() {
  const end = view.scale.instant(run.end + 1);
  const line = (item) => {
    const from = stripY(view.scale.instant(item.from[0], item.from[1]));
    const until = stripY(item.until ? view.scale.instant(item.until[0], item.until[1]) : end);
    return `<path class="strip-${item.kind}" d="M${STRIP - (item.kind === "fault" ? 11 : 5)} ${from}V${Math.max(until, from + 2)}"/>`;
  };
  return run.spans.filter((item) => item.kind === "fault" || item.kind === "down").map(line).join("");
}

function stripSigns() {
  const telling = events.filter((event) => shown.is[event.index] && (isAlarm(event) || event.type === "expired"));
  return telling.map((event) => {
    const y = stripY(view.scale.at(event));
    return `<path class="strip-${event.type}" d="M${isAlarm(event) ? 0 : STRIP - 16} ${y}H${STRIP}"/>`;
  }).join("");
}

function drawWindow() {
  const box = byId("window");
  if (!box) return;
  const top = stripY(view.top);
  box.setAttribute("y", top);
  box.setAttribute("height", Math.max(4, stripY(toU(view.height)) - top));
}

function stripDrag(event) {
  const { first, last } = view.scale;
  const y = event.clientY - byId("strip").getBoundingClientRect().top;
  centre(first + (y / view.height) * (last - first));
}
