import { render } from "preact";
import { App } from "./App";
import { followServer } from "./catalog";
import { startPolling } from "./server";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";
import "./styles/dialogs.css";
import "./styles/table.css";
import "./styles/details.css";
import "./styles/views.css";
import { applyTheme } from "./theme";

applyTheme();
startPolling();
followServer();
render(<App />, document.getElementById("app")!);
