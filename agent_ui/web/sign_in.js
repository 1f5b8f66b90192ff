// Signing in, and choosing one's own password the first time.
import { html, useState } from "/vendor/ui.js";
import { ask } from "/web/api.js";

/** @param {{title: string, onDone: () => void}} props */
export function SignIn({ title, onDone }) {
  const [staff, setStaff] = useState("");
  const [password, setPassword] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [choose, setChoose] = useState(false);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);

  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (choose && fresh !== again) {
      setWrong("两次输入的新密码不一样");
      return;
    }
    setBusy(true);
    setWrong("");
    try {
      const told = choose
        ? await ask("POST", "/api/v1/session/password", { staff_no: staff, password, new_password: fresh })
        : await ask("POST", "/api/v1/session", { staff_no: staff, password });
      if (told.must_change_password) setChoose(true);
      else onDone();
    } catch (error) {
      setWrong(/** @type {Error} */ (error).message);
    } finally {
      setBusy(false);
    }
  };
  const text = (/** @type {(value: string) => void} */ set) => (/** @type {any} */ event) => set(event.target.value);

  return html`<main class="sign-in"><form onSubmit=${send}>
    <h1>${title}</h1>
    ${choose && html`<p class="hint">首次登录，请设置自己的密码</p>`}
    <label>工号<input name="staff" autocomplete="username" required autofocus disabled=${choose}
      value=${staff} onInput=${text(setStaff)} /></label>
    <label>密码<input name="password" type="password" autocomplete="current-password" required
      disabled=${choose} value=${password} onInput=${text(setPassword)} /></label>
    ${choose && html`
      <label>新密码<input name="new" type="password" autocomplete="new-password" required
        value=${fresh} onInput=${text(setFresh)} /></label>
      <label>再输一次<input name="again" type="password" autocomplete="new-password" required
        value=${again} onInput=${text(setAgain)} /></label>`}
    <p class="wrong" role="alert">${wrong}</p>
    <button class="main" disabled=${busy}>${choose ? "设置密码并登录" : "登录"}</button>
  </form></main>`;
}
