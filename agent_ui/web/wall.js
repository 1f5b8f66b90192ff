// The supervisors' wallboard: four figures with their targets, the queue, the seats.
import { effect, html, render, signal, useState } from "/vendor/ui.js";
import { ask } from "/web/api.js";
import { CHINA, age, span, tick } from "/web/clock.js";
import { Live } from "/web/live.js";
import { Phone } from "/web/phone.js";
import { SignIn } from "/web/sign_in.js";

const live = new Live();
const who = signal(/** @type {any} */ (null));
const refused = signal("");
const notice = signal("");
const phone = new Phone();
/** The call being listened to, and how. */
const watched = signal({ call: "", mode: "" });
const MODES = { listen: "监听", whisper: "耳语", barge: "强插", take_over: "接管", leave: "停止" };
const LINK_MS = 10000;

/** Take a seat of one's own, for its telephone only; resolves once Asterisk knows it. */
async function takeTelephone() {
  const mine = live.doc("me");
  if (phone.state.value !== "off" && mine.value.linked) return;
  phone.start(await ask("POST", "/api/v1/seat"));
  await new Promise((done, fail) => {
    const late = setTimeout(() => fail(new Error("话机注册不上，请检查网络")), LINK_MS);
    const stop = effect(() => {
      if (!mine.value.linked) return;
      clearTimeout(late);
      setTimeout(() => stop());
      done(null);
    });
  });
}

/** @param {string} call @param {string} mode */
async function watch(call, mode) {
  notice.value = "";
  try {
    if (!watched.value.call) {
      await takeTelephone();
      phone.expected = true;
    }
    await ask("POST", "/api/v1/seats/watch", { call_id: call, mode });
    if (mode === "take_over") location.assign("/desk");
    watched.value = mode === "leave" ? { call: "", mode: "" } : { call, mode };
  } catch (error) {
    phone.expected = false;
    notice.value = /** @type {Error} */ (error).message;
  }
}

// The talk has ended, or we were let out of it.
effect(() => {
  if (phone.state.value === "idle") watched.value = { call: "", mode: "" };
});

/** @param {{value?: number, part: number, whole: number} | undefined} rate */
const percent = (rate) => (rate?.value === undefined ? "—" : `${(rate.value * 100).toFixed(1)}%`);
/** @param {any} rate */
const sample = (rate) => (rate ? `${rate.part} / ${rate.whole}` : "");
/** @param {any} rate @param {number} target */
const tone = (rate, target) =>
  rate?.value === undefined ? "" : rate.value >= target ? "good" : rate.value >= target - 0.05 ? "near" : "bad";

/** @param {{name: string, rate: any, target?: number, children?: any}} props */
function Tile({ name, rate, target, children }) {
  return html`<section class=${`tile ${target ? tone(rate, target) : ""}`}>
    <h2>${name}</h2><p class="figure">${percent(rate)}</p>
    <p class="basis">${sample(rate)}${target ? `　目标 ${target * 100}%` : ""}</p>${children}</section>`;
}

function Tiles() {
  const t = live.doc("tiles").value;
  return html`<div class="tiles">
    <${Tile} name="接通率（24小时）" rate=${t.answer_rate} target=${0.95}>
      <p>今年 ${percent(t.answer_rate_year)}　人工 ${percent(t.human)}（${sample(t.human)}）</p><//>
    <${Tile} name="15秒接通率" rate=${t.service_level} target=${0.95}><p>来电 ${t.received ?? "—"}　通话中 ${t.going_on ?? "—"}</p><//>
    <${Tile} name="满意率" rate=${t.satisfaction} target=${0.9}><p>测评率 ${percent(t.survey)}（${sample(t.survey)}）</p><//>
    <${Tile} name="平台接收工单" rate=${t.orders_acknowledged}><p>登记 ${t.orders ?? "—"}　推送失败 ${t.orders_dead ?? "—"}</p><//>
  </div>`;
}

function Queue() {
  const waiting = Object.entries(live.doc("queue").value.waiting ?? {}).sort((a, b) => a[1].position - b[1].position);
  return html`<section class="card"><h2>排队 <b>${waiting.length}</b></h2><table>
    <thead><tr><th>位次</th><th>号码</th><th>事项</th><th>等待</th></tr></thead>
    <tbody>${waiting.map(([id, one]) => {
      const seconds = age(one.since, live);
      return html`<tr key=${id} class=${seconds > 60 ? "late" : seconds > 15 ? "slow" : ""}>
        <td>${one.position}</td><td>${one.number}</td><td>${one.emergency ? "紧急" : (one.topic ?? "")}</td>
        <td><time>${span(seconds)}</time></td></tr>`;
    })}</tbody></table>${waiting.length === 0 && html`<p class="empty">没有人在等</p>`}</section>`;
}

/** @param {{call: string}} props */
function Watching({ call }) {
  if (!call) return null;
  const now = watched.value;
  if (now.call && now.call !== call) return null;
  const modes = now.call ? ["listen", "whisper", "barge", "take_over", "leave"] : ["listen"];
  return html`<span class="watching">${modes.map((mode) => html`<button key=${mode} aria-pressed=${now.mode === mode}
    onClick=${() => watch(call, mode)}>${/** @type {any} */ (MODES)[mode]}</button>`)}</span>`;
}

function Seats() {
  const seats = Object.entries(live.doc("seats").value).sort((a, b) => a[1].name.localeCompare(b[1].name, "zh"));
  return html`<section class="card"><h2>坐席 <b>${seats.length}</b></h2><table>
    <thead><tr><th>姓名</th><th>状态</th><th>时长</th><th>话机</th><th></th></tr></thead>
    <tbody>${seats.map(([id, seat]) => html`<tr key=${id}>
      <td>${seat.name}</td><td><span class=${`state ${seat.state}`}>${seat.label}</span></td>
      <td><time>${span(age(seat.since, live))}</time></td><td>${seat.linked ? "在线" : "离线"}</td>
      <td><${Watching} call=${["talking", "held"].includes(seat.state) ? seat.call_id : ""} /></td></tr>`)}</tbody></table>
    ${seats.length === 0 && html`<p class="empty">没有坐席签入</p>`}<${Download} /></section>`;
}

/** A day in China as the date field writes it. @param {Date} at */
const written = (at) => new Date(at.getTime() + 8 * 3600e3).toISOString().slice(0, 10);

function Download() {
  const [from, setFrom] = useState(written(new Date(live.now())));
  const [to, setTo] = useState(from);
  const take = (/** @type {(value: string) => void} */ set) => (/** @type {any} */ event) => set(event.target.value);
  return html`<p class="download">坐席日志
    <input type="date" aria-label="起日" value=${from} onInput=${take(setFrom)} />至
    <input type="date" aria-label="止日" value=${to} onInput=${take(setTo)} />
    <a href=${`/api/v1/seats/log.csv?from=${from}&to=${to}`} download>下载 CSV</a></p>`;
}

function Page() {
  if (live.state.value === "over" || !who.value) return html`<${SignIn} title="12348 大屏登录" onDone=${begin} />`;
  if (refused.value) return html`<main class="sign-in"><form><h1>${refused.value}</h1></form></main>`;
  tick.value;
  const at = new Date(live.now());
  return html`<header class="bar"><strong class="brand">12348 热线运行</strong><span class="grow"></span>
      <span class=${`link ${live.state.value === "up" ? "" : "bad"}`}>${live.state.value === "up" ? "实时" : "连接断开，正在重连"}</span>
      <time>${at.toLocaleString("zh-CN", { timeZone: CHINA })}</time></header>
    ${notice.value && html`<p class="notice" role="alert">${notice.value}</p>`}
    <main class="board"><${Tiles} /><div class="halves"><${Queue} /><${Seats} /></div></main>`;
}

async function begin() {
  try {
    who.value = await ask("GET", "/api/v1/session");
  } catch {
    who.value = null;
    return;
  }
  if (!who.value.rights.includes("seat.monitor")) {
    refused.value = "您没有坐席监控的权限，请联系管理人员";
    return;
  }
  live.stop();
  live.start();
}

await begin();
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
root.replaceChildren();
render(html`<${Page} />`, root);
// What a test (or a curious engineer) may look at.
Object.assign(window, { desk: { live, phone } });
