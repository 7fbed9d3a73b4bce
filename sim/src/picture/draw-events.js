// Arrows, signs, texts, and what is chosen.

function drawArrows(cols) {
  const paths = {};
  const seen = new Set();
  for (const event of events) {
    if (!isMessage(event) || !shown.is[event.index]) continue;
    const arrow = arrowOf(cols, event);
    if (!arrow || seen.has(arrow.key)) continue;
    seen.add(arrow.key);
    drawn.arrows.push(arrow);
    const path = (paths[event.type] = paths[event.type] || { line: "", head: "", cross: "" });
    path.line += arrowLine(arrow);
    if (arrow.lost) path.cross += crossAt(arrow.x2, arrow.y2);
    else path.head += arrowHead(arrow);
  }
  return Object.entries(paths).map(([kind, path]) => {
    return `<path class="m ${kind}" d="${path.line}"/><path class="head ${kind}" d="${path.head}"/>` +
      `<path class="lost" d="${path.cross}"/>`;
  }).join("");
}

// A lost message goes less than half the way. Arrows that fall on the same pixels are drawn once.
function arrowOf(cols, event) {
  const x1 = cols.x.get(event.node);
  const x2 = cols.x.get(event.to);
  const y1 = toY(view.scale.at(event));
  const lost = event.arrives === null;
  const y2 = lost ? y1 + clamp(view.px * 0.4, 2, 9) : toY(view.scale.arrival(event));
  if (Math.max(y1, y2) < -5 || Math.min(y1, y2) > view.height + 5) return null;
  const end = lost ? x1 + (x2 - x1) * 0.42 : x2;
  const key = [event.type, event.node, event.to, Math.round(y1), Math.round(y2), lost].join();
  return { event, x1, y1, x2: end, y2, lost, key };
}

function arrowLine({ x1, y1, x2, y2 }) {
  if (x1 === x2) return `M${x1} ${y1.toFixed(1)}C${x1 + 24} ${y1.toFixed(1)} ${x1 + 24} ${y2.toFixed(1)} ${x2} ${y2.toFixed(1)}`;
  return `M${x1} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`;
}

function arrowHead({ x1, y1, x2, y2 }) {
  const angle = x1 === x2 ? Math.PI : Math.atan2(y2 - y1, x2 - x1);
  const at = (back, side) => {
    const x = x2 - back * Math.cos(angle) - side * Math.sin(angle);
    return x.toFixed(1) + " " + (y2 - back * Math.sin(angle) + side * Math.cos(angle)).toFixed(1);
  };
  return `M${at(2, 0)}L${at(10, 3.6)}L${at(10, -3.6)}Z`;
}

function crossAt(x, y) {
  return `M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x - 4} ${y + 4}L${x + 4} ${y - 4}`;
}

const PLAIN = ["step", "idle", "disk", "version", "operation-began", "operation-ended"];
const CROWD = 300;

// Where it is crowded, what is plain becomes small; what is telling lies on top in any case.
function drawPoints(cols) {
  const plain = new Map();
  const telling = new Map();
  for (const event of events) {
    if (isMessage(event) || !shown.is[event.index]) continue;
    const y = toY(view.scale.at(event));
    if (y < -10 || y > view.height + 10) continue;
    if (event.type === "violation") telling.set("line" + event.index, violationLine(cols, y));
    const x = cols.x.get(event.node);
    if (x === undefined) continue;
    drawn.points.push({ event, x, y });
    const signs = PLAIN.includes(event.type) ? plain : telling;
    signs.set([event.node, event.type, Math.round(y)].join(), `<use href="#sign-${event.type}" transform="translate(${x} ${y})"/>`);
  }
  const small = plain.size > CROWD;
  byId("plot").classList.toggle("crowded", small);
  const plainSigns = [...plain.values()].join("");
  return (small ? plainSigns.replace(/\)"\/>/g, ') scale(.5)"/>') : plainSigns) + [...telling.values()].join("");
}

function violationLine(cols, y) {
  return `<path class="violation-line" d="M${GUTTER - 8} ${y}H${cols.text - 9}"/>`;
}

// Texts at the right, as many as there is room for, the telling ones first.
function drawLabels(cols) {
  const wanted = labelsWanted().sort((a, b) => a.rank - b.rank || a.y - b.y);
  const taken = new Map();
  const near = (y) => {
    const bucket = Math.round(y / 16);
    return [bucket - 1, bucket, bucket + 1].map((b) => taken.get(b)).find((other) => other && Math.abs(other.y - y) < 15);
  };
  let unsaid = 0;
  for (const label of wanted) {
    const other = near(label.y);
    if (other) {
      other.more += 1;
      unsaid += 1;
    } else taken.set(Math.round(label.y / 16), label);
  }
  view.unsaid = unsaid;
  drawn.labels = [...taken.values()];
  return drawn.labels.map((label) => labelText(cols, label)).join("");
}

function labelsWanted() {
  const inside = (label) => label.y >= 0 && label.y <= view.height;
  if (view.scale.rows) {
    const rows = rowsInWindow().filter((row) => !row.gap);
    const label = (row) => ({ event: row.event || row.arrivals[0], arrivals: row.arrivals, y: toY(row.index + 0.5), more: 0 });
    return rows.map(label).filter(inside).map(withRank);
  }
  const alone = events.filter((event) => shown.is[event.index] && !(event.by && shown.is[event.by.index]));
  const label = (event) => ({ event, y: toY(view.scale.at(event)), more: 0 });
  return alone.map(label).filter(inside).map(withRank);
}

function withRank(label) {
  const { event } = label;
  const plain = ["operation-began", "operation-ended", "step", "disk", "version", "request", "response", "query", "answer", "idle"];
  let rank = isAlarm(event) ? -2 : plain.indexOf(event.type);
  if (!isAlarm(event) && !isMessage(event) && rank < 0) rank = -1;
  if (rank < 0 && isMessage(event)) rank = plain.length;
  if (matches(event)) rank -= 20;
  if (event === view.pinned) rank = -100;
  return { ...label, rank: label.arrivals ? rank + 10 : rank };
}

function labelText(cols, label) {
  const { event, y } = label;
  const more = label.more > 0 ? `<tspan class="faint">  (+${label.more} more here)</tspan>` : "";
  const found = matches(event) ? ` <rect class="found" x="${cols.text - 6}" y="${y - 8}" width="${cols.width}" height="16"/>` : "";
  const alarm = isAlarm(event) ? " alarm" : "";
  const back = alarm && `<rect class="alarm-back" x="${cols.text - 8}" y="${y - 9}" width="${cols.width}" height="18"/>`;
  const leader = view.scale.rows ? "" : `<path class="leader" d="M${cols.x.get(event.node) ?? GUTTER} ${y}H${cols.text - 4}"/>`;
  const body = label.arrivals ? arrivalLine(label.arrivals) : eventLine(event);
  return `${leader}${back}${found}<text class="label${alarm}" x="${cols.text}" y="${y + 4}">${body}${more}</text>`;
}

// What is pinned or under the pointer, and what belongs to it.
function drawChosenRow(cols) {
  const event = view.pinned;
  const u = event && shown.is[event.index] ? view.scale.at(event) : undefined;
  if (u === undefined) return "";
  const height = view.scale.rows ? Math.max(view.px, 4) : 16;
  return `<rect class="pinned-row" y="${toY(u) - height / 2}" width="${cols.width}" height="${height}"/>`;
}

function drawChosen(cols) {
  let out = "";
  for (const event of kin(view.pinned)) out += ring(cols, event, "kin");
  if (view.pinned) out += ring(cols, view.pinned, "pinned");
  if (view.hovered && view.hovered !== view.pinned) out += ring(cols, view.hovered, "hovered");
  return out;
}

function kin(event) {
  if (!event) return [];
  return [event.by, event.lands, ...event.sends, ...event.takes].filter(Boolean);
}

function ring(cols, event, role) {
  if (!shown.is[event.index]) return "";
  if (isMessage(event)) {
    const arrow = arrowOf(cols, event);
    return arrow ? `<path class="${role} chosen-arrow" d="${arrowLine(arrow)}"/>` : "";
  }
  const x = cols.x.get(event.node);
  const y = toY(view.scale.at(event));
  return x === undefined || y < -20 || y > view.height + 20 ? "" : `<circle class="${role}" cx="${x}" cy="${y}" r="10"/>`;
}
