"use strict";
// The run as it was written into this file, and what follows from it: which event belongs to which, which are shown.

const run = JSON.parse(document.getElementById("run").textContent);
const events = run.events;
const indexOf = new Map(events.map((event, index) => [event.n, index]));
const MESSAGES = ["heartbeat", "query", "answer", "request", "response"];
const MANY = 300;

const shown = {
  kinds: new Map(),
  nodes: run.nodes.map(() => true),
  search: "",
  only: false,
  is: [],
};

function isMessage(event) {
  return event.to !== undefined;
}

// Ties each message to what it was sent by and to what it came in as. Both are guessed from node and instant.
function tie() {
  const at = new Map();
  const key = (node, t) => node + "@" + t;
  events.forEach((event, index) => {
    event.index = index;
    event.sends = [];
    event.takes = [];
    event.words = words(event).toLowerCase();
    if (isMessage(event)) return;
    const here = at.get(key(event.node, event.t)) || [];
    at.set(key(event.node, event.t), here.concat(event));
  });
  for (const event of events.filter(isMessage)) tieMessage(event, (node, t) => at.get(key(node, t)) || []);
}

function tieMessage(message, at) {
  const starts = at(message.node, message.t).filter((event) => isStep(event) || event.type === "operation-began");
  const by = starts.filter((event) => event.index < message.index).pop();
  if (by) {
    message.by = by;
    by.sends.push(message);
  }
  if (message.arrives === null) return;
  const ends = at(message.to, message.arrives).filter((event) => event !== by && event.index > message.index);
  const steps = ends.filter(isStep);
  const pool = steps.length > 0 ? steps : ends.filter((event) => event.type === "operation-ended");
  const lands = pool.find((event) => event.takes.length === 0) || pool[pool.length - 1];
  if (lands) {
    message.lands = lands;
    lands.takes.push(message);
  }
}

function isStep(event) {
  return event.type === "step" || event.type === "idle";
}

function isAlarm(event) {
  return event.type === "violation" || event.type === "error-line";
}

// All that is written of an event: what the search looks through.
function words(event) {
  const parts = ["#" + event.n, nameOf(event.node), event.type, event.text, event.plain || "", ...(event.effects || [])];
  if (isMessage(event)) parts.push(nameOf(event.to), event.arrives === null ? "lost" : "");
  if (event.checker) parts.push(event.checker);
  return parts.join(" ");
}

function nameOf(node) {
  return run.nodes[node].name;
}

function matches(event) {
  return shown.search !== "" && event.words.includes(shown.search);
}

function isShown(event) {
  if (isAlarm(event)) return true;
  if (!shown.nodes[event.node] || (isMessage(event) && !shown.nodes[event.to])) return false;
  if (!shown.kinds.get(event.type)) return false;
  if (event.beat && !shown.kinds.get("heartbeat")) return false;
  return !shown.only || shown.search === "" || matches(event);
}

function choose() {
  shown.is = events.map(isShown);
}

// Times.

function seconds(ns, digits = 6) {
  return (ns / 1e9).toFixed(digits) + " s";
}

function span(ns) {
  if (ns >= 1e9) return trim((ns / 1e9).toFixed(3)) + " s";
  if (ns >= 1e6) return trim((ns / 1e6).toFixed(3)) + " ms";
  if (ns >= 1e3) return trim((ns / 1e3).toFixed(3)) + " µs";
  return ns + " ns";
}

function trim(number) {
  return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}

function escaped(text) {
  const codes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (letter) => codes[letter]);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

tie();
