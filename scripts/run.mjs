// The entry of every npm script: `node scripts/run.mjs NAME [args]`. It refuses an old Node before anything newer is parsed,
// so this file keeps to syntax that Node 12 reads.

var version = process.versions.node.split(".").map(Number);
var recent = version[0] > 20 || (version[0] === 20 && version[1] >= 19);

if (!recent) {
  console.error(
    "heed needs Node 20.19 or newer; this is Node " + process.versions.node + ". Install one from nodejs.org.",
  );
  process.exitCode = 1;
} else {
  import("./" + process.argv[2] + ".mjs")
    .then(function (script) {
      return script.main(process.argv.slice(3));
    })
    .then(function (code) {
      process.exitCode = code;
    })
    .catch(function (error) {
      console.error(error.name === "SetupError" ? error.message : error);
      process.exitCode = 1;
    });
}
