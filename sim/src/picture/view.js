// What part of the run is in the window, and where it stands in it.

const GUTTER = 94;
const TEXT_MIN = 430;
const ROW_PX = 21;

const view = { scale: null, top: 0, px: 1, width: 800, height: 600, pinned: null, hovered: null };

function byId(id) {
  return document.getElementById(id);
}

function toY(u) {
  return (u - view.top) * view.px;
}

function toU(y) {
  return view.top + y / view.px;
}

// The columns: one for each node that is shown. With many nodes they get narrow, and then the stage scrolls sideways.
function columns() {
  const nodes = run.nodes.map((_, index) => index).filter((index) => shown.nodes[index]);
  const room = byId("scroll").clientWidth;
  const each = clamp((room - GUTTER - TEXT_MIN) / Math.max(nodes.length, 1), 30, 96);
  const longest = Math.max(0, ...nodes.map((node) => nameOf(node).length)) * 7;
  const upright = longest > each;
  const x = new Map(nodes.map((node, place) => [node, GUTTER + each * (place + 0.5)]));
  const text = GUTTER + each * nodes.length + 18;
  return { nodes, each, x, text, upright, head: upright ? longest + 34 : 58, width: Math.max(room, text + 250) };
}

// Takes the room there is. Who sees the whole run goes on seeing the whole.
function measure() {
  const strip = byId("strip");
  const whole = view.px <= smallest() * 1.0001;
  view.height = Math.max(60, byId("stage").clientHeight - view.cols.head);
  strip.style.marginTop = view.cols.head + "px";
  if (whole) view.px = smallest();
}

function smallest() {
  const { first, last, closest } = view.scale;
  return Math.min(closest, view.height / Math.max(last - first, 1e-9));
}

function settle() {
  view.px = clamp(view.px, smallest(), view.scale.closest);
  const { first, last } = view.scale;
  view.top = clamp(view.top, first, Math.max(first, last - view.height / view.px));
}

function pan(pixels) {
  const top = view.top;
  view.top += pixels / view.px;
  settle();
  paint();
  return view.top !== top;
}

function zoom(factor, y = view.height / 2) {
  const u = toU(y);
  view.px = clamp(view.px * factor, smallest(), view.scale.closest);
  view.top = u - y / view.px;
  settle();
  paint();
}

function fit() {
  view.px = smallest();
  view.top = view.scale.first;
  settle();
  paint();
}

function fitBetween(u1, u2) {
  view.px = view.height / Math.max(Math.abs(u2 - u1), 1e-6);
  settle();
  centre((u1 + u2) / 2);
}

function centre(u) {
  view.top = u - view.height / view.px / 2;
  settle();
  paint();
}

// Changes the scale, and keeps in the window what is there.
function setScale(which) {
  const old = view.scale;
  const middle = old && old.timeOf(toU(view.height / 2));
  const window = old && [old.timeOf(view.top), old.timeOf(toU(view.height))];
  view.scale = which === "time" ? timeScale() : rowScale();
  byId("rows").classList.toggle("on", which === "rows");
  byId("time").classList.toggle("on", which === "time");
  if (old && old.name === which) return;
  if (which === "rows") view.px = ROW_PX;
  else if (window && window[1] > window[0]) view.px = view.height / ((window[1] - window[0]) / 1000);
  else view.px = smallest();
  settle();
  if (old) centre(view.pinned ? view.scale.at(view.pinned) ?? view.scale.instant(middle) : view.scale.instant(middle));
}

// After another choice of what is shown: the rows are others, and the reader stays where they were.
function rechoose() {
  const y = view.height / 3;
  const t = view.scale.timeOf(toU(y));
  choose();
  setScale(view.scale.name);
  if (view.scale.name === "rows") view.top = view.scale.instant(t) - y / view.px;
  settle();
  paint();
}

let asked = false;

function paint() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}
