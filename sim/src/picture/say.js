// Events in words: a line in the diagram, the tip under the pointer, the panel with everything.

function who(node) {
  return `<tspan class="who">${escaped(nameOf(node))}</tspan>`;
}

function shortened(text, letters) {
  return text.length > letters ? text.slice(0, letters - 1) + "…" : text;
}

function eventLine(event) {
  if (isMessage(event)) {
    const lost = event.arrives === null ? `<tspan class="bad">  lost</tspan>` : "";
    return `${who(event.node)} → ${who(event.to)}  ${escaped(shortened(event.text, 120))}${lost}`;
  }
  if (!isStep(event)) return `${who(event.node)}  ${escaped(shortened(inWords(event), 200))}`;
  const wants = event.effects.length > 0 ? `<tspan class="faint">  ⇒  </tspan>${escaped(shortened(event.effects.join("; "), 120))}` : "";
  const lost = event.sends.filter((message) => message.arrives === null).length;
  const loss = lost > 0 ? `<tspan class="bad">  ${lost} of ${event.sends.length} lost</tspan>` : "";
  return `${who(event.node)}  ${escaped(shortened(event.text, 90))}${wants}${loss}`;
}

// A fault in the words of the plan, where it is of the plan.
function inWords(event) {
  if (!event.plain) return event.text;
  return event.type === "fault-began" ? `${event.name}: ${event.plain}` : event.plain;
}

function arrivalLine(arrivals) {
  const at = arrivals.map((message) => who(message.to)).join(", ");
  return `<tspan class="faint">arrives at </tspan>${at}<tspan class="faint">  ${escaped(shortened(arrivals[0].text, 120))}</tspan>`;
}

function kindWords(event) {
  return run.kinds[event.type];
}

function tipFor(event) {
  const head = `<b>#${event.n}</b> ${seconds(event.t)} · ${escaped(kindWords(event))}`;
  if (isMessage(event)) {
    const end = event.arrives === null ? `<span class="bad">It never arrives.</span>` : `Arrives ${span(event.arrives - event.t)} later.`;
    return `${head}<br><b>${escaped(nameOf(event.node))} → ${escaped(nameOf(event.to))}</b> ${escaped(event.text)}<br>${end}`;
  }
  const effects = (event.effects || []).map((effect) => `<br>⇒ ${escaped(effect)}`).join("");
  return `${head}<br><b>${escaped(nameOf(event.node))}</b> ${escaped(inWords(event))}${effects}`;
}

function tipForSpan(item) {
  const until = item.until ? `until ${seconds(item.until[0])}` : "until the end of the run";
  const began = events[indexOf.get(item.from[1])];
  const words = { fault: "Fault", down: "Process down", operation: "Operation", "no-bus": "Without the bus" };
  return `<b>${words[item.kind]}</b> on ${escaped(nameOf(item.node))}<br>${escaped(began ? inWords(began) : item.text)}<br>from ${seconds(item.from[0])} ${until}`;
}

// The panel.

function showDetail() {
  const panel = byId("detail");
  const event = view.pinned;
  panel.hidden = !event;
  if (!event) return;
  const hidden = shown.is[event.index] ? "" : `<p class="faint">This event is not drawn: its kind or its node is not ticked.</p>`;
  panel.innerHTML = `<header><h2>${headline(event)}</h2><button id="close" title="Close (Esc)">✕</button></header>` +
    `${hidden}<div class="facts"><div>${facts(event)}</div><div>${related(event)}</div></div>`;
  byId("close").onclick = () => pin(null);
}

function headline(event) {
  const place = isMessage(event) ? `${nameOf(event.node)} → ${nameOf(event.to)}` : nameOf(event.node);
  return `<a href="#event=${event.n}">#${event.n}</a> · ${seconds(event.t, 9)} · ${escaped(place)} · ${escaped(kindWords(event))}`;
}

function facts(event) {
  if (isStep(event)) {
    const effects = event.effects.map((effect) => `<li>${escaped(effect)}</li>`).join("");
    const wants = effects ? `<h3>Effects it wants carried out</h3><ol>${effects}</ol>` : `<p class="faint">It wants nothing done.</p>`;
    return `<h3>Input of the machine</h3><p>${escaped(event.text)}</p>${wants}`;
  }
  if (isMessage(event)) {
    const end = event.arrives === null
      ? `<p class="bad">It never arrives.</p>`
      : `<p>Sent at ${seconds(event.t, 9)}, arrives at ${seconds(event.arrives, 9)}: ${span(event.arrives - event.t)} on its way.</p>`;
    return `<h3>What is sent</h3><p>${escaped(event.text)}</p>${end}`;
  }
  const checker = event.checker ? `<p>Seen by the checker <b>${escaped(event.checker)}</b>.</p>` : "";
  const plain = event.plain ? `<p>${escaped(inWords(event))}</p>` : "";
  return `<h3>What happens</h3>${plain}<p${isAlarm(event) ? ' class="bad"' : ""}>${escaped(event.text)}</p>${checker}`;
}

function related(event) {
  const list = (title, those) => those.length === 0 ? "" : `<h3>${title}</h3><ul>${those.map(linkTo).join("")}</ul>`;
  const some = (one) => (one ? [one] : []);
  return list("Sent by", some(event.by)) + list("Comes in as", some(event.lands)) + list("Brought by", event.takes) +
    list("Sends", event.sends) + list("At the same instant on this node", neighbours(event)) + meanwhile(event);
}

function linkTo(event) {
  const line = isMessage(event) ? `${nameOf(event.node)} → ${nameOf(event.to)}` : nameOf(event.node);
  const lost = event.arrives === null ? ` <span class="bad">lost</span>` : "";
  return `<li><a href="#event=${event.n}">#${event.n}</a> ${escaped(line)}: ${escaped(shortened(inWords(event), 140))}${lost}</li>`;
}

function neighbours(event) {
  if (isMessage(event)) return [];
  const close = events.slice(Math.max(0, event.index - 40), event.index + 40);
  return close.filter((other) => other !== event && !isMessage(other) && other.t === event.t && other.node === event.node);
}

function meanwhile(event) {
  const until = (item) => (item.until ? item.until[0] : Infinity);
  const holds = (item) => item.kind !== "operation" && item.from[0] <= event.t && until(item) >= event.t;
  const mine = (item) => item.node === event.node || item.node === event.to;
  const items = run.spans.filter((item) => holds(item) && mine(item)).map((item) => `<li>${tipForSpan(item).replace(/<br>/g, " · ")}</li>`);
  return items.length === 0 ? "" : `<h3>Meanwhile</h3><ul>${items.join("")}</ul>`;
}

function tellStatus() {
  const count = shown.is.filter(Boolean).length;
  const hidden = events.length - count;
  const parts = [`${count.toLocaleString("en")} of ${events.length.toLocaleString("en")} events shown`];
  if (hidden > 0) parts[0] += `, the others are not ticked`;
  if (view.unsaid > 0) parts.push(`${view.unsaid} here without text: zoom in`);
  byId("status").textContent = parts.join(" · ");
}
