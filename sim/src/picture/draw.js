// Draws what is in the window. Lines of one kind become one path, so that a frame costs little however full it is.

let drawn = { points: [], arrows: [], labels: [], spans: [] };

function draw() {
  const cols = columns();
  view.cols = cols;
  measure();
  settle();
  drawn = { points: [], arrows: [], labels: [], spans: [] };
  drawHeads(cols);
  const layers = [
    drawStripes(cols), drawChosenRow(cols), drawTimes(cols), drawSpans(cols), drawLines(cols), drawArrows(cols),
    drawPoints(cols), drawLabels(cols), drawChosen(cols),
  ];
  const plot = byId("plot");
  plot.setAttribute("width", cols.width);
  plot.setAttribute("height", view.height);
  plot.innerHTML = layers.join("");
  drawWindow();
  tellStatus();
}

function drawHeads(cols) {
  const heads = byId("heads");
  heads.setAttribute("width", cols.width);
  heads.setAttribute("height", cols.head);
  const y = cols.head - 10;
  let out = `<text class="small" x="28" y="${y}">time</text><text class="small" x="${cols.text}" y="${y}">what happens</text>`;
  for (let from = 0; from < cols.nodes.length; ) {
    const group = run.nodes[cols.nodes[from]].group;
    let to = from;
    while (to < cols.nodes.length && run.nodes[cols.nodes[to]].group === group) to += 1;
    out += headOfGroup(cols, group, cols.nodes.slice(from, to));
    from = to;
  }
  heads.innerHTML = out;
}

function headOfGroup(cols, group, nodes) {
  const left = cols.x.get(nodes[0]) - cols.each / 2 + 3;
  const right = cols.x.get(nodes[nodes.length - 1]) + cols.each / 2 - 3;
  const room = (right - left) / 6.4;
  const title = [group, run.short[group], ""].find((text) => text.length <= room);
  let out = `<path class="bracket" d="M${left} 25V21H${right}V25"/>`;
  out += `<text class="group-name" x="${(left + right) / 2}" y="15">${escaped(title)}</text>`;
  for (const node of nodes) {
    const x = cols.x.get(node);
    const place = cols.upright ? `translate(${x + 4} ${cols.head - 6}) rotate(-90)` : `translate(${x} 46)`;
    out += `<text class="node-name${cols.upright ? " upright" : ""}" transform="${place}">${escaped(nameOf(node))}</text>`;
  }
  return out;
}

function rowsInWindow() {
  const rows = view.scale.rows || [];
  return rows.slice(clamp(Math.floor(view.top), 0, rows.length), clamp(Math.ceil(toU(view.height)), 0, rows.length));
}

// What has the same shade happened at the same instant.
function drawStripes(cols) {
  if (view.px < 8) return "";
  const shaded = rowsInWindow().filter((row) => row.shade);
  return shaded.map((row) => `<rect class="stripe" y="${toY(row.index)}" width="${cols.width}" height="${view.px}"/>`).join("");
}

function drawTimes(cols) {
  return (view.scale.rows ? rowTimes(cols) : timeGrid(cols)) + calmLine(cols);
}

function rowTimes(cols) {
  let out = "";
  let lastY = -100;
  let before = null;
  for (const row of rowsInWindow()) {
    const middle = toY(row.index + 0.5);
    if (row.gap) out += gapRow(cols, row, middle);
    else if ((!before || before.gap || before.t !== row.t) && middle - lastY >= 14) {
      out += `<text class="when" x="${GUTTER - 14}" y="${middle + 4}">${seconds(row.t)}</text>`;
      lastY = middle;
    }
    before = row;
  }
  return out;
}

function gapRow(cols, row, middle) {
  if (view.px < 6) return "";
  const line = `<path class="gap" d="M0 ${middle}H${cols.text - 8}"/>`;
  if (view.px < 13) return line;
  return line + `<text class="gap-text" x="${cols.text}" y="${middle + 4}">${span(row.gap)} later</text>`;
}

function timeGrid(cols) {
  const step = niceStep(view.height / view.px / 9);
  let out = "";
  const last = Math.min(toU(view.height), view.scale.last);
  for (let tick = Math.max(0, Math.ceil(view.top / step)); tick * step <= last; tick++) {
    const y = toY(tick * step);
    out += `<path class="grid" d="M0 ${y}H${cols.width}"/>`;
    out += `<text class="when" x="${GUTTER - 14}" y="${y - 3}">${seconds(tick * step * 1000, digitsFor(step))}</text>`;
  }
  return out;
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= least) || 10 * power;
}

function digitsFor(stepUs) {
  return clamp(6 - Math.floor(Math.log10(stepUs) + 1e-9), 0, 9);
}

function calmLine(cols) {
  if (run.calm === null) return "";
  const y = toY(view.scale.instant(run.calm));
  if (y < -20 || y > view.height + 20) return "";
  return `<path class="calm" d="M0 ${y}H${cols.text - 9}"/><text class="calm-text" x="6" y="${y - 4}">calm from here</text>`;
}

// Faults, silence, missing processes and operations: what lasts.
function drawSpans(cols) {
  return run.spans.map((item) => drawSpan(cols, item)).join("");
}

function spanEdges(item) {
  const from = toY(view.scale.instant(item.from[0], item.from[1]));
  const until = item.until ? toY(view.scale.instant(item.until[0], item.until[1])) : endY();
  return [from, until];
}

function endY() {
  return toY(view.scale.instant(run.end + 1)) + 12;
}

function drawSpan(cols, item) {
  const x = cols.x.get(item.node);
  if (x === undefined) return "";
  const [from, until] = spanEdges(item);
  if (until < 0 || from > view.height || (view.scale.rows && until - from < 1)) return "";
  const top = Math.max(from, -5);
  const height = Math.max(Math.min(until, view.height + 5) - top, 2);
  const [left, width] = spanPlace(x, cols.each, item);
  drawn.spans.push({ item, left, right: left + width, top, bottom: top + height });
  const text = isNamed(item) ? spanText(item, left + width, top, height) : "";
  return `<rect class="span-${item.kind}" x="${left}" y="${top}" width="${width}" height="${height}"/>` + text;
}

function spanPlace(x, each, item) {
  if (item.kind === "fault") {
    const width = clamp(each / 4, 9, 15);
    return [x - width / 2 + item.lane * (width + 1), width];
  }
  if (item.kind === "down") return [x - 4, 8];
  return item.kind === "no-bus" ? [x - 6, 3] : [x - 3.5 + item.lane * 4, 7];
}

// A process that is down for a fault is named by the fault.
function isNamed(item) {
  const until = (other) => (other.until ? other.until[0] : Infinity);
  const covers = (other) => other.kind === "fault" && other.node === item.node && other.from[0] <= item.from[0] && until(other) > item.from[0];
  return item.kind === "fault" || (item.kind === "down" && !run.spans.some(covers));
}

function spanText(item, x, top, height) {
  const began = events[indexOf.get(item.from[1])];
  const text = item.kind === "down" ? "process down" : (began && began.name) || item.text;
  const letters = Math.floor((height - 26) / 5.4);
  if (letters < 6) return "";
  const cut = text.length > letters ? text.slice(0, letters - 1) + "…" : text;
  const y = Math.max(top, 0) + 13;
  return `<text class="span-text" transform="translate(${x + 2} ${y}) rotate(90)">${escaped(cut)}</text>`;
}

// The lines of the nodes, with a gap where the process is down.
function drawLines(cols) {
  const first = Math.max(0, toY(view.scale.instant(0, 0)) - 6);
  const last = Math.min(view.height, endY());
  let out = "";
  for (const [node, x] of cols.x) {
    const downs = run.spans.filter((item) => item.kind === "down" && item.node === node);
    let d = "";
    let y = first;
    for (const down of downs) {
      const [from, until] = spanEdges(down);
      if (from > y) d += `M${x} ${y}V${Math.min(from, last)}`;
      y = Math.max(y, until);
    }
    if (y < last) d += `M${x} ${y}V${last}`;
    out += `<path class="life" d="${d}"/>`;
  }
  return out;
}
