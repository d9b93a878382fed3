// The formatter of VS Code for .plat files: `plat fmt -`.

const { execFile } = require("child_process");
const vscode = require("vscode");

const TIMEOUT = 10_000;

function formatted(text, token) {
  const command = vscode.workspace.getConfiguration("plat").get("path", "plat");
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT, maxBuffer: 256 * 1024 * 1024 };
    const child = execFile(command, ["--color", "never", "fmt", "-"], options, (error, out, err) => {
      if (!error) return resolve(out);
      const missing = error.code === "ENOENT" && `there is no \`${command}\`; the setting plat.path says which plat formats`;
      reject(new Error(missing || err.trim() || error.message));
    });
    token.onCancellationRequested(() => child.kill());
    child.stdin.on("error", () => {});
    child.stdin.end(text);
  });
}

async function provideDocumentFormattingEdits(document, _options, token) {
  const text = document.getText();
  try {
    const result = await formatted(text, token);
    const whole = new vscode.Range(document.positionAt(0), document.positionAt(text.length));
    return result === text ? [] : [vscode.TextEdit.replace(whole, result)];
  } catch (error) {
    if (!token.isCancellationRequested) {
      vscode.window.setStatusBarMessage(`plat fmt: ${error.message.split("\n")[0]}`, 5000);
    }
    return [];
  }
}

exports.activate = (context) => {
  context.subscriptions.push(vscode.languages.registerDocumentFormattingEditProvider("plat", { provideDocumentFormattingEdits }));
};
