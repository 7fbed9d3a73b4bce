// Where things stand on the vertical axis. Both scales answer the same questions, in units of their own: microseconds, or
// rows. A scale knows nothing of pixels.

const GAP_NS = 1e8;

// By the clock.
function timeScale() {
  const us = (ns) => ns / 1000;
  const end = us(Math.max(run.end, 1000));
  return {
    name: "time",
    first: -end * 0.02,
    last: end * 1.02,
    closest: 400,
    at: (event) => us(event.t),
    arrival: (event) => us(event.arrives),
    instant: (t) => us(t),
    timeOf: (u) => clamp(u, 0, end) * 1000,
    rows: null,
  };
}

// A row for each event that is shown, in order. A message stands in the row of the step that sent it.
function rowScale() {
  const rows = rowsWithGaps(entries());
  const rowOf = new Map();
  const arrivalOf = new Map();
  rows.forEach((row, index) => {
    row.index = index;
    if (row.event) rowOf.set(row.event, index + 0.5);
    for (const message of row.arrivals || []) arrivalOf.set(message, index + 0.5);
  });
  const at = (event) => rowOf.get(event) ?? (event.by && rowOf.get(event.by));
  const instant = (t, n) => {
    const event = events[indexOf.get(n)];
    return (event && at(event)) ?? before(rows, t, event ? event.index : -1);
  };
  return {
    name: "rows",
    first: -1,
    last: rows.length + 1,
    closest: 60,
    at,
    arrival: (event) => arrivalOf.get(event) ?? (event.lands && rowOf.get(event.lands)),
    instant,
    timeOf: (u) => (rows.length === 0 ? 0 : rows[clamp(Math.floor(u), 0, rows.length - 1)].t),
    rows,
  };
}

function entries() {
  const list = [];
  for (const event of events) {
    if (!shown.is[event.index]) continue;
    const under = event.by && shown.is[event.by.index];
    if (!under) list.push({ t: event.t, order: event.index, event });
    if (!isMessage(event) || event.arrives === null) continue;
    const lands = event.lands && shown.is[event.lands.index];
    if (!lands) list.push({ t: event.arrives, order: events.length + event.index, arrivals: [event] });
  }
  return list.sort((a, b) => a.t - b.t || a.order - b.order);
}

// Long silences get a row of their own, or the reader would take neighbours for one burst.
function rowsWithGaps(list) {
  const rows = [];
  let t = 0;
  let last = 0;
  let shade = false;
  for (const entry of list) {
    if (entry.t - last >= GAP_NS) rows.push({ t: last, order: Infinity, gap: entry.t - last, shade: false });
    last = entry.t;
    if (joins(rows[rows.length - 1], entry)) {
      rows[rows.length - 1].arrivals.push(entry.arrivals[0]);
      continue;
    }
    if (entry.t !== t || rows.length === 0) shade = !shade;
    t = entry.t;
    rows.push({ ...entry, shade });
  }
  return rows;
}

// One message to many comes in at as many instants; where nothing else happens between them, one row is enough.
function joins(row, entry) {
  if (!row || !row.arrivals || !entry.arrivals) return false;
  const [one, other] = [row.arrivals[0], entry.arrivals[0]];
  return one.node === other.node && one.t === other.t && one.type === other.type && one.text === other.text;
}

// The edge above the first row that comes after (t, order).
function before(rows, t, order) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row.t < t || (row.t === t && row.order < order)) low = middle + 1;
    else high = middle;
  }
  return low;
}
