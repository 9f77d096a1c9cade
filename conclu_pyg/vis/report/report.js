"use strict";
(() => {
// Texts of users enter the page by textContent alone.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
const words = (text) => new Uint16Array(bytes(text).buffer);
const NONE = 0xffff, AZIMUTH = -55 * Math.PI / 180, ELEVATION = 22 * Math.PI / 180;

const make = (tag, text, settings = {}) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(settings)) element.setAttribute(name, value);
  return element;
};

// ---- clouds -----------------------------------------------------------------------------------------------------
// A store gives the points of a cloud, three numbers from -1 to 1 for each, with z up.
const unpack = ({counts, points, bits}) => {
  const sizes = words(counts), values = bits === 8 ? bytes(points) : words(points), half = (2 ** bits - 1) / 2;
  const starts = [0];
  for (const size of sizes) starts.push(starts[starts.length - 1] + size);
  return (row) => Float32Array.from(values.subarray(3 * starts[row], 3 * starts[row + 1]), (value) => value / half - 1);
};
const cloudPoints = unpack(data.clouds), names = data.clouds.names;
let palette = {};
const readPalette = () => {
  const style = getComputedStyle(document.documentElement);
  palette = {shades: ["--s0", "--s1", "--s2", "--s3"].map((name) => style.getPropertyValue(name).trim())};
  for (const name of ["text", "none", "chosen", "error", "correct"]) palette[name] = style.getPropertyValue(`--${name}`).trim();
};
readPalette();

const context = (canvas) => {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  return [pen, width, height, scale];
};

// Draws points from a direction, far ones first; without colours, shades show the distance. A picture that is not turned
// fills its frame; others leave room for every direction.
const drawCloud = (canvas, points, angle, {labels, colors, fill = false} = {}) => {
  const [pen, width] = context(canvas);
  const count = points.length / 3;
  if (!count || !width) return;
  const [sin, cos, low, high] = [Math.sin(angle[0]), Math.cos(angle[0]), Math.sin(angle[1]), Math.cos(angle[1])];
  const x = new Float32Array(count), y = new Float32Array(count), near = new Float32Array(count);
  let radius = 1e-9, widest = 1e-9;
  for (let i = 0; i < count; i++) {
    const [a, b, c] = [points[3 * i], points[3 * i + 1], points[3 * i + 2]];
    x[i] = a * cos + b * sin;
    y[i] = -a * low * sin + b * low * cos + c * high;
    near[i] = a * high * sin - b * high * cos + c * low;
    radius = Math.max(radius, a * a + b * b + c * c);
    widest = Math.max(widest, Math.abs(x[i]), Math.abs(y[i]));
  }
  radius = Math.sqrt(radius);
  const order = Array.from(near.keys()).sort((i, j) => near[i] - near[j]);
  const dot = Math.max(1.5, Math.min(width / 30, 0.9 * width / Math.sqrt(count) / 2));
  const unit = 0.46 * width / (fill ? Math.min(radius, 1.1 * widest) : radius);
  order.forEach((i, place) => {
    pen.fillStyle = labels ? palette[colors[labels[i]]] || colors[labels[i]] : palette.shades[Math.floor(4 * place / count)];
    const away = 1 / (1 - 0.12 * near[i] / radius);
    pen.fillRect(width / 2 + x[i] * unit * away * 0.89 - dot / 2, width / 2 - y[i] * unit * away * 0.89 - dot / 2, dot, dot);
  });
};

// Canvases draw themselves when they come into view.
const drawings = new Map();
const seen = new Set();
const watch = new IntersectionObserver((entries) => entries.forEach(({target, isIntersecting}) => {
  if (isIntersecting) { seen.add(target); drawings.get(target)?.(); } else seen.delete(target);
}), {rootMargin: "150px"});
const drawn = (canvas, draw) => { drawings.set(canvas, draw); watch.observe(canvas); };
const forget = (root) => root.querySelectorAll("canvas").forEach((canvas) => {
  watch.unobserve(canvas); drawings.delete(canvas); seen.delete(canvas);
});
const redraw = () => { readPalette(); for (const canvas of seen) drawings.get(canvas)?.(); };
new ResizeObserver(() => requestAnimationFrame(redraw)).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

const picture = (canvas, row) => {
  canvas.dataset.row = row;
  const points = cloudPoints(row);
  drawn(canvas, () => drawCloud(canvas, points, [AZIMUTH, ELEVATION], {fill: true}));
};

// All canvases of a group show their clouds from one direction, which any of them changes.
const turnable = (canvases, draw) => {
  const angle = [AZIMUTH, ELEVATION];
  const all = () => canvases.forEach((canvas) => draw(canvas, angle));
  const turn = (yaw, pitch) => {
    angle[0] += yaw;
    angle[1] = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, angle[1] + pitch));
    canvases.forEach((canvas) => { canvas.dataset.direction = angle.map((value) => value.toFixed(3)).join(" "); });
    all();
  };
  canvases.forEach((canvas) => {
    drawn(canvas, () => draw(canvas, angle));
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) turn(-event.movementX * 0.012, event.movementY * 0.012);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = Math.PI / 12;
      const turns = {ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, -step], ArrowDown: [0, step]};
      if (event.key === "Home") turn(AZIMUTH - angle[0], ELEVATION - angle[1]);
      else if (turns[event.key]) turn(...turns[event.key]);
      else return;
      event.preventDefault();
    });
  });
};

// In a list, one button is reached by Tab and the others by the arrow keys.
const roving = (list) => {
  const buttons = [...list.querySelectorAll("button")];
  buttons.forEach((button, place) => { button.tabIndex = place ? -1 : 0; });
  list.onkeydown = (event) => {
    const steps = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
    const place = buttons.indexOf(document.activeElement);
    if (!steps[event.key] || place < 0) return;
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, place + steps[event.key]))];
    buttons.forEach((button) => { button.tabIndex = button === next ? 0 : -1; });
    next.focus();
    event.preventDefault();
  };
};

// ---- one cloud with its neighbours ------------------------------------------------------------------------------
const map = data.map && {
  ...data.map,
  layouts: data.map.layouts.map((each) => ({...each, xy: words(each.xy)})),
  colourings: data.map.colourings.map((each) => ({...each, values: words(each.values)})),
  near: {count: data.map.near.count, rows: words(data.map.near.rows), similarity: words(data.map.near.similarity)},
};
const facts = (row) => (map ? map.colourings : []).filter(({values}) => values[row] !== NONE)
  .map(({name, values, names: own}) => `${name}: ${own[values[row]]}`);
const neighbours = (row) => {
  const found = [];
  for (let i = 0; map && i < map.near.count; i++) {
    const other = map.near.rows[row * map.near.count + i];
    if (other !== NONE) found.push([other, map.near.similarity[row * map.near.count + i] / 32767.5 - 1]);
  }
  return found;
};
const show = (viewer, row, choose) => {
  forget(viewer);
  const canvas = make("canvas", undefined, {class: "turn", tabindex: 0, role: "img",
    "aria-label": `${names[row]}; arrow keys turn it`});
  const points = cloudPoints(row);
  const list = make("ul", undefined, {class: "cards", "aria-label": "nearest neighbours"});
  for (const [other, similarity] of neighbours(row)) {
    const button = make("button", undefined, {type: "button", title: names[other]});
    const small = make("canvas", undefined, {class: "picture", "aria-hidden": "true"});
    button.append(small, make("strong", names[other]), make("span", similarity.toFixed(3)));
    button.addEventListener("click", () => choose(other));
    const item = make("li");
    item.append(button);
    list.append(item);
    picture(small, other);
  }
  viewer.replaceChildren(make("h3", names[row]), ...facts(row).map((fact) => make("p", fact)), canvas);
  if (!points.length) viewer.append(make("p", "There is no picture of this cloud."));
  if (list.children.length) viewer.append(make("p", "Its nearest neighbours, by the embeddings:"), list);
  viewer.dataset.row = row;
  turnable([canvas], (target, angle) => drawCloud(target, points, angle));
  roving(list);
};

// ---- cards ------------------------------------------------------------------------------------------------------
const dialog = $("cloud");
const open = (row) => {
  show(dialog.querySelector(".viewer"), row, open);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".turn").focus();
};
document.querySelectorAll("main canvas.picture[data-row]").forEach((canvas) => picture(canvas, Number(canvas.dataset.row)));
document.querySelectorAll("main .cards").forEach((list) => {
  roving(list);
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-row]");
    if (button) open(Number(button.dataset.row));
  });
});

// ---- parts ------------------------------------------------------------------------------------------------------
if (data.parts) {
  const points = unpack(data.parts);
  data.parts.labels.forEach((panels, number) => {
    const cloud = points(number), labels = panels.map(words);
    const canvases = [...document.querySelectorAll(`canvas.part[data-cloud="${number}"]`)];
    turnable(canvases, (canvas, angle) =>
      drawCloud(canvas, cloud, angle, {labels: labels[canvas.dataset.panel], colors: data.parts.colors}));
  });
}

// ---- the map ----------------------------------------------------------------------------------------------------
if (map) {
  const canvas = $("map"), tip = $("tip"), chosen = $("chosen"), legend = $("legend");
  let layout = map.layouts[0], colouring = map.colourings[0], only = null, focus = -1, selected = -1;
  let zoom = 1, middle = [0.5, 0.5], width = 1, height = 1;
  const count = names.length;
  const place = (row) => {
    const side = 0.94 * Math.min(width, height) * zoom;
    return [width / 2 + (layout.xy[2 * row] / 65535 - middle[0]) * side,
      height / 2 - (layout.xy[2 * row + 1] / 65535 - middle[1]) * side];
  };
  const radius = () => (count > 3000 ? 2 : count > 500 ? 3 : 4.5) * Math.min(3, Math.sqrt(zoom));
  const draw = () => {
    const [pen, wide, tall, scale] = context(canvas);
    [width, height] = [wide, tall];
    const size = radius() * scale;
    const dot = (row, color) => {
      const [x, y] = place(row);
      if (x < -size || y < -size || x > width + size || y > height + size) return;
      pen.fillStyle = color;
      pen.beginPath(); pen.arc(x, y, size, 0, 2 * Math.PI); pen.fill();
    };
    const ring = (row, line, bigger) => {
      const [x, y] = place(row);
      pen.strokeStyle = line; pen.lineWidth = 2 * scale;
      pen.beginPath(); pen.arc(x, y, size + bigger * scale, 0, 2 * Math.PI); pen.stroke();
    };
    const color = (row) => (colouring.values[row] === NONE ? palette.none : colouring.colors[colouring.values[row]]);
    const isIn = (row) => only === null || colouring.values[row] === only;
    pen.globalAlpha = 0.15;
    for (let row = 0; row < count; row++) if (!isIn(row)) dot(row, palette.none);
    pen.globalAlpha = 0.85;
    for (let row = 0; row < count; row++) if (isIn(row)) dot(row, color(row));
    pen.globalAlpha = 1;
    if (selected >= 0) {
      const from = place(selected);
      pen.strokeStyle = palette.text; pen.lineWidth = scale;
      for (const [other] of neighbours(selected)) {
        const to = place(other);
        pen.beginPath(); pen.moveTo(...from); pen.lineTo(...to); pen.stroke();
        dot(other, color(other)); ring(other, palette.text, 1.5);
      }
      dot(selected, color(selected)); ring(selected, palette.chosen, 2);
    }
    if (focus >= 0) { dot(focus, color(focus)); ring(focus, palette.text, 3); }
  };
  const point = (row) => {
    focus = row;
    tip.hidden = row < 0;
    if (row >= 0) {
      const scale = canvas.width / canvas.clientWidth, [x, y] = place(row).map((value) => value / scale);
      tip.querySelector("strong").textContent = names[row];
      tip.querySelector("span").textContent = facts(row).join("; ");
      const room = canvas.clientWidth - 158;
      tip.style.left = `${Math.max(0, Math.min(room, x + 14 > room ? x - 164 : x + 14))}px`;
      tip.style.top = `${Math.max(0, Math.min(canvas.clientHeight - tip.offsetHeight, y - 40))}px`;
      picture(tip.querySelector("canvas"), row);
      drawings.get(tip.querySelector("canvas"))();
    }
    draw();
  };
  const choose = (row) => {
    selected = row;
    show(chosen, row, choose);
    $("spoken").textContent = `${names[row]}, ${facts(row).join(", ")}; its neighbours are listed after the map`;
    draw();
  };
  const nearest = (x, y, reach) => {
    let best = -1, least = reach * reach;
    for (let row = 0; row < count; row++) {
      const [a, b] = place(row), distance = (a - x) ** 2 + (b - y) ** 2;
      if (distance < least && (only === null || colouring.values[row] === only)) [best, least] = [row, distance];
    }
    return best;
  };
  const under = (event) => {
    const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
    return nearest((event.clientX - box.left) * scale, (event.clientY - box.top) * scale, (radius() + 8) * scale);
  };
  const towards = ([right, up]) => {  // the nearest dot within 45 degrees of a direction
    if (focus < 0) return selected >= 0 ? selected : nearest(width / 2, height / 2, Infinity);
    const [x, y] = place(focus);
    let best = focus, least = Infinity;
    for (let row = 0; row < count; row++) {
      const [a, b] = place(row), along = (a - x) * right - (b - y) * up, aside = Math.abs((a - x) * up + (b - y) * right);
      if (along > 0 && aside <= along && along + aside < least) [best, least] = [row, along + aside];
    }
    return best;
  };
  const change = (factor) => {
    const at = focus >= 0 ? focus : selected;
    zoom = Math.max(1, Math.min(40, zoom * factor));
    if (at >= 0) middle = [layout.xy[2 * at] / 65535, layout.xy[2 * at + 1] / 65535];
    if (zoom === 1) middle = [0.5, 0.5];
    point(tip.hidden ? -1 : focus);
  };
  let moved = 0;
  canvas.addEventListener("pointerdown", () => { moved = 0; });
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons & 1 && zoom > 1) {
      const side = 0.94 * Math.min(width, height) * zoom / (canvas.width / canvas.clientWidth);
      moved += Math.abs(event.movementX) + Math.abs(event.movementY);
      middle = [middle[0] - event.movementX / side, middle[1] + event.movementY / side];
      point(-1);
    } else point(under(event));
  });
  canvas.addEventListener("pointerleave", () => point(-1));
  canvas.addEventListener("blur", () => point(-1));
  canvas.addEventListener("click", (event) => { const row = under(event); if (row >= 0 && moved < 6) choose(row); });
  canvas.addEventListener("keydown", (event) => {
    const steps = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};
    if (steps[event.key]) {
      point(towards(steps[event.key]));
      $("spoken").textContent = `${names[focus]}, ${facts(focus).join(", ")}`;
    } else if ((event.key === "Enter" || event.key === " ") && focus >= 0) choose(focus);
    else if (event.key === "+") change(1.6);
    else if (event.key === "-") change(1 / 1.6);
    else if (event.key === "0") change(0);
    else if (event.key === "Escape") point(-1);
    else return;
    event.preventDefault();
  });
  $("nearer").addEventListener("click", () => change(1.6));
  $("farther").addEventListener("click", () => change(1 / 1.6));
  $("whole").addEventListener("click", () => change(0));
  $("find").addEventListener("input", (event) => {
    const text = event.target.value.toLowerCase();
    const row = text ? names.findIndex((name) => name.toLowerCase().includes(text)) : -1;
    if (row >= 0) choose(row);
  });
  const fillLegend = () => {
    only = null;
    const counts = new Map();
    colouring.values.forEach((value) => counts.set(value, (counts.get(value) || 0) + 1));
    const item = (value, name, color) => {
      const button = make("button", undefined, {type: "button", "aria-pressed": "false"});
      const mark = make("i");
      mark.style.background = color;
      button.append(mark, make("span", `${name} (${counts.get(value)})`));
      button.addEventListener("click", () => {
        only = only === value ? null : value;
        legend.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each === button && only !== null)));
        draw();
      });
      const entry = make("li");
      entry.append(button);
      return entry;
    };
    const items = colouring.names.map((name, value) => [value, name, colouring.colors[value]]).filter(([value]) => counts.has(value));
    if (counts.has(NONE)) items.push([NONE, "none", palette.none]);
    legend.replaceChildren(...items.map((each) => item(...each)));
    roving(legend);
  };
  $("layout").addEventListener("change", (event) => {
    layout = map.layouts[event.target.value];
    $("layout-note").textContent = layout.note;
    draw();
  });
  $("colouring").addEventListener("change", (event) => { colouring = map.colourings[event.target.value]; fillLegend(); draw(); });
  $("layout-note").textContent = layout.note;
  fillLegend();
  drawn(canvas, draw);
  chosen.append(make("p", "Point at a dot to see its cloud; click it, or press Enter, for its nearest neighbours. A click on a name below the map shows its clouds alone."));
}
document.documentElement.dataset.ready = "1";
})();
